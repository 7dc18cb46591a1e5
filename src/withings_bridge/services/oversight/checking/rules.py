"""Addresses: what Withings asks of those that an application gives it, and how they are told."""

import ipaddress
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PORTS = frozenset({None, 80, 443})
MOST_LETTERS = 255
"""Of a callback URL, with its query."""


def shown(url: str) -> str:
    """The address as it may be told: without a name and a password in it, and without its query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def is_loopback(url: str) -> bool:
    """Whether it leads nowhere but to this machine."""
    return (urlsplit(url).hostname or "") in LOOPBACK


def broken(url: str) -> list[str]:
    """The rules for public addresses that it breaks, each as half a sentence about it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    found = []
    if parts.scheme != "https":
        found.append("it is not https")
    if host in LOOPBACK:
        found.append("it leads to this machine alone")
    elif _is_address(host):
        found.append("its host is an address and not a name")
    elif "." not in host:
        found.append(f"{host or 'its host'} is not a public name")
    if _port(url) not in PORTS:
        found.append(f"its port is {_port(url)}, and Withings wants 443 or 80")
    if len(url) > MOST_LETTERS:
        found.append(f"it has {len(url)} letters, and Withings takes {MOST_LETTERS}")
    return found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return 0
