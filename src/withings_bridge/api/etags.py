"""Whether a caller has already what it asks for: weak entity tags, made of the version of the records."""

import hashlib

from fastapi import Request, Response

from withings_bridge import __version__
from withings_bridge.services.history.browsing import History

CACHING = "private, no-cache"
"""A caller may keep an answer, and asks each time whether it still holds."""


class NotModified(Exception):
    """The caller has it already."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__()
        self.headers = headers


def etag_of(request: Request, history: History, version: int) -> str:
    """The tag of what this request is answered with while the records are of this version."""
    parts = (
        __version__,
        history.account.history,
        history.account.zone or "",
        history.sources,
        str(version),
        request.url.path,
        request.url.query,
    )
    return f'W/"{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:32]}"'


def has(if_none_match: str | None, etag: str) -> bool:
    """Whether the tag is among those that the caller has."""
    theirs = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    return etag.removeprefix("W/") in theirs or "*" in theirs


async def not_modified(_: Request, error: Exception) -> Response:
    """The answer that is none."""
    if not isinstance(error, NotModified):
        raise error
    return Response(status_code=304, headers=error.headers)
