"""What a browser must not do with a reply."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every reply that does not say otherwise, as pages do of what they may load.

No ``Cross-Origin-Opener-Policy``: it would cut the pop-up of ``/login`` and ``/callback`` off from the app.
"""

HTTPS_ALONE = {"Strict-Transport-Security": "max-age=31536000"}
"""Said over https alone, as browsers hear it there alone. Of this host, for its neighbours are not ours."""


Raw = list[tuple[bytes, bytes]]


def _raw(headers: dict[str, str]) -> Raw:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_SAFE, _SAFE_BY_HTTPS = _raw(SAFE), _raw(SAFE | HTTPS_ALONE)


def safe_headers(scope: Scope) -> dict[str, str]:
    """What every reply to this request says unless it says otherwise."""
    return SAFE | HTTPS_ALONE if scope["scheme"] == "https" else SAFE


class SafeHeaders:
    """Says on every reply what a browser must not do with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                said: Raw = message.get("headers", [])
                names = {name for name, _ in said}
                safe = _SAFE_BY_HTTPS if scope["scheme"] == "https" else _SAFE
                message["headers"] = [*said, *(header for header in safe if header[0] not in names)]
            await send(message)

        await self._app(scope, receive, send_safely if scope["type"] == "http" else send)
