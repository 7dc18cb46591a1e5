"""Callback URLs: which of an application's subscriptions are this bridge's own."""

from urllib.parse import urlsplit

_USUAL_PORTS = frozenset({80, 443})


def is_ours(url: str, callback_url: str) -> bool:
    """Whether the URL leads to the same host and path as ours.

    The query may carry an older secret. An unusual port is part of the host: on a laptop several
    bridges share one name.
    """
    try:
        return _place(url) == _place(callback_url)
    except ValueError:
        return False


def _place(url: str) -> tuple[str | None, int | None, str]:
    parts = urlsplit(url)
    port = None if parts.port in _USUAL_PORTS else parts.port
    return parts.hostname, port, parts.path or "/"
