"""Where a list goes on: told exactly, or refused."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import pytest

from builders import DAY, NOON, an_account
from withings_bridge.api.cursors import (
    cursor_of,
    feed_cursor_of,
    number_in,
    place_in,
    search_cursor_in,
    search_cursor_of,
)
from withings_bridge.domain.accounts import emptied
from withings_bridge.domain.errors import CursorRefused, FeedRestarted
from withings_bridge.domain.records import Kind
from withings_bridge.services.history.sharing import Cursor
from withings_bridge.storage.base import Place

ACCOUNT = an_account("1234", linked_at=NOON)
OTHERS = [an_account("1235"), an_account("1234", linked_at=NOON + DAY), emptied(ACCOUNT)]
"""Another account, another link, and what is left where a purge was cut off."""

PLACE = Place(NOON, "1001")


class TestCursor:
    @pytest.mark.parametrize("key", ["1001", "", "2026-03-02/-/-", "emoji \ud83d", '"]', "x" * 1000])
    @pytest.mark.parametrize("at", [NOON, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
    def test_gives_the_place_back_to_the_microsecond(self, at: datetime, key: str) -> None:
        cursor = cursor_of(Place(at, key), ACCOUNT, "sleep asc")
        assert place_in(cursor, ACCOUNT, "sleep asc") == Place(at, key)
        assert cursor.isascii()
        assert cursor.replace("-", "").replace("_", "").isalnum()

    @pytest.mark.parametrize("content", [b"[" * 1450, b'["sleep asc",Infinity]', b"nothing", b"{}", b"\xff"])
    def test_made_by_hand_is_refused_though_its_checksum_is_right(self, content: bytes) -> None:
        cursor = urlsafe_b64encode(hashlib.sha256(content).digest()[:6] + content).decode().rstrip("=")
        with pytest.raises(CursorRefused):
            place_in(cursor, ACCOUNT, "sleep asc")

    def test_damaged_in_any_one_place_is_refused(self) -> None:
        cursor = cursor_of(PLACE, ACCOUNT, "sleep asc")
        damaged = [
            *(cursor[:n] + ("A" if cursor[n] != "A" else "B") + cursor[n + 1 :] for n in range(len(cursor))),
            *(cursor[:n] for n in range(len(cursor))),
            *(f"{cursor[:5]}{strange}{cursor[5:]}" for strange in " =*+/é\x00"),
        ]
        for one in damaged:
            with pytest.raises(CursorRefused):
                place_in(one, ACCOUNT, "sleep asc")
            with pytest.raises(CursorRefused):
                number_in(one, ACCOUNT)

    @pytest.mark.parametrize("name", ["sleep desc", "workout asc"])
    def test_of_another_list_or_order_is_refused(self, name: str) -> None:
        with pytest.raises(CursorRefused):
            place_in(cursor_of(PLACE, ACCOUNT, name), ACCOUNT, "sleep asc")

    @pytest.mark.parametrize("other", OTHERS)
    def test_of_another_account_or_link_is_refused(self, other: object) -> None:
        with pytest.raises(CursorRefused):
            place_in(cursor_of(PLACE, other, "sleep asc"), ACCOUNT, "sleep asc")  # type: ignore[arg-type]


class TestFeedCursor:
    def test_gives_the_number_back(self) -> None:
        assert number_in(feed_cursor_of(2**60, ACCOUNT), ACCOUNT) == 2**60

    @pytest.mark.parametrize("other", OTHERS)
    def test_of_another_account_or_link_says_that_the_feed_begins_anew(self, other: object) -> None:
        with pytest.raises(FeedRestarted):
            number_in(feed_cursor_of(5, other), ACCOUNT)  # type: ignore[arg-type]

    def test_is_none_of_a_list(self) -> None:
        with pytest.raises(CursorRefused):
            number_in(cursor_of(PLACE, ACCOUNT, "sleep asc"), ACCOUNT)
        with pytest.raises(CursorRefused):
            place_in(feed_cursor_of(5, ACCOUNT), ACCOUNT, "changes")


class TestSearchCursor:
    @pytest.mark.parametrize("after", [PLACE, None, Place(NOON, "emoji \ud83d")])
    def test_gives_back_where_the_search_goes_on(self, after: Place | None) -> None:
        cursor = Cursor(Kind.SLEEP, after, "2026-03-02/-/-", 7)
        assert search_cursor_in(search_cursor_of(cursor)) == cursor

    @pytest.mark.parametrize(
        "text", ["", "nonsense", "WyJt", "W10", "é", cursor_of(PLACE, ACCOUNT, "sleep asc")]
    )
    def test_of_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="next link"):
            search_cursor_in(text)

    @pytest.mark.parametrize(
        "content",
        [b'["search","dreams","",0]', b'["search","sleep","",-1]', b'["search","sleep","",0,"noon","1"]'],
    )
    def test_made_by_hand_is_refused(self, content: bytes) -> None:
        text = urlsafe_b64encode(hashlib.sha256(content).digest()[:6] + content).decode().rstrip("=")
        with pytest.raises(ValueError, match="next link"):
            search_cursor_in(text)
