"""Keeps other web pages out: the control half answers loopback names only, and no page elsewhere may
post a form to the sandbox.
"""

import ipaddress
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, status

from withings_bridge.sandbox.dependencies import CurrentSandbox

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str:
    """The name in a ``Host`` header without its port, or nothing for a malformed one."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def require_local_host(request: Request, sandbox: CurrentSandbox) -> None:
    """Raises 403 for a ``Host`` that is neither loopback nor allowed: a page elsewhere whose name was
    pointed at this machine would bring its own.
    """
    host = _host_name(request.headers.get("host", ""))
    if not is_loopback(host) and host not in sandbox.options.control_hosts:
        raise HTTPException(
            status.HTTP_403_FORBIDDEN, "The sandbox's controls are served on loopback host names only."
        )


async def require_same_origin(request: Request) -> None:
    """Raises 403 for a change that a browser sends on behalf of another site."""
    if request.method in _SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    foreign_site = site is not None and site not in _OWN_SITES
    foreign_origin = origin is not None and origin.partition("://")[2] != request.headers.get("host")
    if foreign_site or foreign_origin:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "This request comes from another site.")
