"""Round numbers on axes, and places that stay apart."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from withings_bridge.pages.charts.scales import Scale, days_told, spread_apart, ticks, written


class TestTicks:
    @pytest.mark.parametrize(
        ("low", "high", "found"),
        [
            (75.2, 79.6, [74, 76, 78, 80]),
            (0, 9.1, [0, 2.5, 5, 7.5, 10]),
            (0, 12_673, [0, 5000, 10_000, 15_000]),
            (81.32, 81.41, [81.3, 81.325, 81.35, 81.375, 81.4, 81.425]),
        ],
    )
    def test_are_round_and_hold_the_values_between_them(
        self, low: float, high: float, found: list[float]
    ) -> None:
        assert ticks(low, high) == pytest.approx(found)

    def test_of_one_value_lie_around_it(self) -> None:
        found = ticks(81.3, 81.3)
        assert found[0] < 81.3 < found[-1]

    @given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
    def test_are_few_even_and_reach_both_ends(self, low: float, length: float) -> None:
        found = ticks(low, low + length)
        slack = abs(found[-1] - found[0]) * 1e-6
        assert found[0] <= low + slack
        assert found[-1] >= low + length - slack
        assert 2 <= len(found) <= 8
        steps = [after - before for before, after in pairwise(found)]
        assert max(steps) == pytest.approx(min(steps), rel=1e-3)

    def test_are_written_as_people_write_numbers(self) -> None:
        assert [written(10_000), written(7.5), written(80.0)] == ["10,000", "7.5", "80"]


class TestScale:
    def test_lays_values_along_a_line_upside_down_too(self) -> None:
        up = Scale(70, 80, 200, 0)
        assert [up(70), up(75), up(80)] == [200, 100, 0]


class TestDaysTold:
    @given(st.integers(0, 8000))
    def test_are_few_and_end_today(self, length: int) -> None:
        last = date(2026, 3, 2)
        found = days_told(last - timedelta(days=length), last)
        assert 1 <= len(found) <= 6
        assert found[-1][0] == last
        assert found[0][0] >= last - timedelta(days=length)

    def test_name_the_year_where_it_could_be_another(self) -> None:
        last = date(2026, 3, 2)
        assert days_told(date(2026, 2, 1), last)[-1][1] == "2 Mar"
        assert days_told(date(2024, 2, 1), last)[-1][1] == "Mar 2026"


class TestLabels:
    def test_stay_where_they_are_with_room_between_them(self) -> None:
        assert spread_apart([100, 20], least=15, low=0, high=200) == [100, 20]

    @given(st.lists(st.floats(0, 200), min_size=1, max_size=5))
    def test_never_overlap_nor_leave_the_chart(self, places: list[float]) -> None:
        found = sorted(spread_apart(places, least=15, low=0, high=200))
        assert all(after - before >= 14.8 for before, after in pairwise(found))
        assert found[0] >= -0.1
        assert found[-1] <= 200.1
