"""Whether a caller is on this machine, rather than brought here by a proxy that is."""

import ipaddress

from starlette.requests import Request

from withings_bridge.api.middleware.hosts import LOOPBACK_HOST

BY_PROXY = (
    "x-forwarded-",
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "cf-",
    "x-envoy-",
)
"""How headers begin that proxies and tunnels add, and nobody who calls directly."""


def is_beside(request: Request) -> bool:
    """Whether it comes from loopback, under a name of loopback, and no proxy speaks in it.

    A proxy that adds nothing and calls us localhost passes for a caller of its own machine: whether there can
    be one is for the settings to say.
    """
    if request.client is None or not _is_loopback(request.client.host):
        return False
    if any(name.startswith(BY_PROXY) for name in request.headers):
        return False
    return LOOPBACK_HOST.fullmatch(request.headers.get("host", "")) is not None


def _is_loopback(address: str) -> bool:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(known, "ipv4_mapped", None) or known).is_loopback
