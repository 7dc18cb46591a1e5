"""How large the body of a request may be, and of which kind."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from withings_bridge.api.middleware.header import header
from withings_bridge.api.middleware.refusing import Refused, refuse

MOST_BYTES = 16 * 1024
"""Of any request. No notification, and no call of the API, is nearly as large."""

BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})

TAKES_FORMS = frozenset(
    {
        "/webhook/withings",
        *(f"/dashboard/{name}" for name in ("login", "logout", "replay", "drop", "sync")),
    }
)
"""Where Withings posts, and forms of our own pages. Everywhere else a body is JSON."""

OWN_SITES = frozenset({"same-origin", "none"})
"""What browsers say of a form that is ours. Withings says nothing."""

TOO_LARGE = (413, "too_large", f"The body is larger than {MOST_BYTES // 1024} KB, which nothing here takes.")
NOT_JSON = (415, "not_json", "Send the body as JSON, with Content-Type: application/json.")

FOREIGN_FORM = (403, "foreign_form", "This form was sent from another site.")


class Bodies:
    """Refuses bodies that are too large, whether or not they say so first, and those that are not JSON.

    A page elsewhere can make a browser post a form or plain text here unasked, but no JSON. Such a post
    never reaches an endpoint, even if it is empty; not even where forms are taken. One of no kind at all is
    the matter of ``Origins``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refused := _refused(scope):
            await refuse(scope, send, refused)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MOST_BYTES:
                raise Refused(*TOO_LARGE)
            return message

        await self._app(scope, receive_counted, send)


def _refused(scope: Scope) -> Refused | None:
    """What the headers alone are refused for."""
    length = header(scope, b"content-length") or ""
    if length.isdecimal() and int(length) > MOST_BYTES:
        return Refused(*TOO_LARGE)
    if scope["method"] in BODILESS:
        return None
    if scope["path"] in TAKES_FORMS:
        return Refused(*FOREIGN_FORM) if _is_foreign(scope) else None
    kind = header(scope, b"content-type")
    has_body = length not in {"", "0"} or header(scope, b"transfer-encoding") is not None
    if (has_body or kind is not None) and not _is_json(kind or ""):
        return Refused(*NOT_JSON)
    return None


def _is_foreign(scope: Scope) -> bool:
    """Whether a page elsewhere made a browser send this. Old browsers do not say so, but name the page's
    origin, or null where it is kept secret, which our pages do not.
    """
    site, origin = header(scope, b"sec-fetch-site"), header(scope, b"origin")
    if site is None and origin is not None:
        return origin.partition("://")[2] != header(scope, b"host")
    return site not in {None, *OWN_SITES}


def _is_json(content_type: str) -> bool:
    """By the rule of FastAPI, which reads nothing else as JSON."""
    kind, _, subtype = content_type.partition(";")[0].strip().lower().partition("/")
    return kind == "application" and (subtype == "json" or subtype.endswith("+json"))
