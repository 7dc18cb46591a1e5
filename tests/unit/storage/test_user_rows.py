"""A user's rows of the tokens table, whatever stands in them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import HOUR, NOON, a_token_row
from withings_bridge.domain.links import Place
from withings_bridge.storage.user_rows import UserRows, instant, milliseconds

USER = "user-1"

AFTER_YEAR_ONE = datetime(1, 1, 2)  # noqa: DTZ001 - the strategy adds the zone


class TestInstants:
    @given(st.datetimes(timezones=st.just(UTC), min_value=AFTER_YEAR_ONE))
    def test_lose_less_than_a_millisecond(self, at: datetime) -> None:
        lost = at - instant(milliseconds(at))
        assert timedelta() <= lost < timedelta(milliseconds=1)


class TestARow:
    @pytest.mark.parametrize("odd", [None, "", "soon", [], {}, 1e300, float("nan"), float("inf")])
    @pytest.mark.parametrize("attribute", ["created_at", "expires_at", "expires_in", "last_vitals7_push_at"])
    def test_is_read_whatever_an_old_program_wrote_for_a_time(self, attribute: str, odd: Any) -> None:
        row = a_token_row(USER, "1234") | {attribute: odd}
        link = UserRows(USER, {Place.OWN: row}).link
        assert link is not None
        assert link.pair.refresh_token == "refresh-first"

    def test_may_write_its_times_as_text(self) -> None:
        row = a_token_row(USER, "1234", created_at=str(milliseconds(NOON + HOUR)))
        link = UserRows(USER, {Place.OWN: row}).link
        assert link is not None
        assert link.pair.saved_at == NOON + HOUR

    @pytest.mark.parametrize("odd", [None, "", 7, [], b"x"])
    def test_without_a_token_of_text_holds_no_pair(self, odd: Any) -> None:
        row = a_token_row(USER, "1234") | {"refresh_token": odd}
        assert UserRows(USER, {Place.OWN: row}).link is None

    def test_may_name_its_account_by_a_number(self) -> None:
        link = UserRows(USER, {Place.OWN: a_token_row(USER, "1234") | {"withings_userid": 1234}}).link
        assert link is not None
        assert link.account == "1234"
