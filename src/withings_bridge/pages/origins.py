"""Origins as browsers know them: scheme, host and port, the scheme's own port left out."""

from urllib.parse import urlsplit

from fastapi import Request

_OWN_PORT = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """The origin of an absolute URL; ValueError when its port is none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    port = "" if parts.port in (None, _OWN_PORT.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def origin_seen(request: Request) -> str | None:
    """The origin in the browser's address bar; None when the request's Host makes no sense.

    What a proxy says of the outside is believed: a browser that lies here about itself only misleads itself.
    """
    scheme = _first(request, "x-forwarded-proto") or request.scope["scheme"]
    host = _first(request, "x-forwarded-host") or request.headers.get("host", "")
    try:
        return origin_of(f"{scheme}://{host}".lower())
    except ValueError:
        return None


def _first(request: Request, header: str) -> str:
    return request.headers.get(header, "").partition(",")[0].strip()
