"""Cursors: where a list goes on, as text that callers hand back and need not understand.

They hold nothing that is secret, and give no rights: what is read is always the caller's own. Each carries
a checksum and the name of its list, so that a mistake is told instead of answered with the wrong page.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from datetime import datetime
from typing import Any

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.errors import CursorRefused, FeedRestarted
from withings_bridge.domain.records import Kind
from withings_bridge.services.history.sharing import Cursor
from withings_bridge.storage.base import Place

LONGEST = 2048
"""Characters: a record's key may be long."""

_CHECKED = 6

_FEED, _SEARCH = "changes", "search"


def cursor_of(place: Place, account: Account, name: str) -> str:
    """The cursor behind that place. ``name``: of the list and its order."""
    return _sealed(name, _mark(account), place.at.isoformat(), place.key)


def place_in(cursor: str, account: Account, name: str) -> Place:
    """The place in the list. Raises CursorRefused for a cursor that is damaged or another list's."""
    match _opened(cursor):
        case [str(found), str(mark), str(at), str(key)] if (found, mark) == (name, _mark(account)):
            return Place(datetime.fromisoformat(at), key)
    raise CursorRefused


def feed_cursor_of(number: int, account: Account) -> str:
    """The cursor behind the change of that number."""
    return _sealed(_FEED, _mark(account), number)


def number_in(cursor: str, account: Account) -> int:
    """The number of the change. Raises CursorRefused for what is no cursor of changes, and FeedRestarted
    for one of another account, or of a link before the present one.
    """
    match _opened(cursor):
        case [str(name), str(mark), int(number)] if name == _FEED:
            if mark != _mark(account):
                raise FeedRestarted
            return number
    raise CursorRefused


def search_cursor_of(cursor: Cursor) -> str:
    """The cursor of a search."""
    place = [cursor.after.at.isoformat(), cursor.after.key] if cursor.after else []
    return _sealed(_SEARCH, cursor.kind, cursor.half or "", cursor.skip, *place)


def search_cursor_in(text: str) -> Cursor:
    """The other way round. Raises ValueError for what is no cursor of a search."""
    try:
        match _opened(text):
            case [str(name), str(kind), str(half), int(skip), *place] if name == _SEARCH and skip >= 0:
                return Cursor(Kind(kind), _place(place), half or None, skip)
    except (CursorRefused, ValueError):
        pass
    raise ValueError("should be the cursor of a next link, unchanged")


def _place(parts: list[Any]) -> Place | None:
    match parts:
        case []:
            return None
        case [str(at), str(key)]:
            return Place(datetime.fromisoformat(at), key)
    raise ValueError


def _mark(account: Account) -> str:
    """Names the account's history to nobody who does not know it."""
    return hashlib.sha256(account.history.encode()).hexdigest()[:16]


def _sealed(*parts: str | int) -> str:
    content = json.dumps(parts, separators=(",", ":")).encode()
    return urlsafe_b64encode(_checksum(content) + content).decode().rstrip("=")


def _opened(cursor: str) -> Any:
    try:
        whole = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (Error, ValueError):
        raise CursorRefused from None
    checksum, content = whole[:_CHECKED], whole[_CHECKED:]
    # Decoders pass over what they do not know: only what would be written so is whole.
    if checksum != _checksum(content) or urlsafe_b64encode(whole).decode().rstrip("=") != cursor:
        raise CursorRefused
    try:
        return json.loads(content)
    except (ValueError, RecursionError):  # anybody can reckon a checksum
        raise CursorRefused from None


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:_CHECKED]
