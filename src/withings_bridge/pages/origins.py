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


def is_elsewhere(request: Request, origin: str) -> bool:
    """Whether the browser's address bar shows another host name than the origin's, or another scheme.

    What a proxy says of the outside is believed of any, listed in TRUSTED_PROXIES or not: no page can make
    a browser send these headers, so who lies here only misleads itself. A proxy that does not say the
    scheme is taken to serve the right one.
    """
    parts = urlsplit(origin)
    scheme = _first(request, "x-forwarded-proto") or parts.scheme
    host = _first(request, "x-forwarded-host") or request.headers.get("host", "")
    try:
        seen = urlsplit(f"{scheme}://{host}".lower())
    except ValueError:
        return True
    return (seen.scheme, seen.hostname) != (parts.scheme, parts.hostname)


def _first(request: Request, header: str) -> str:
    return request.headers.get(header, "").partition(",")[0].strip()
