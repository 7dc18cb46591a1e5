"""Charts tell the numbers they were made of: drawn, in words, and as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from builders import NOON
from withings_bridge.domain.readings import Reading
from withings_bridge.domain.records import Kind, RecordKey
from withings_bridge.pages.charts import Chart, charts_of
from withings_bridge.services.history.charting import Charts, Point, Span

TODAY = NOON.date()


def a_point(days_ago: int, value: str, *, low: str | None = None, high: str | None = None) -> Point:
    return Point(
        TODAY - timedelta(days=days_ago), Decimal(value), Decimal(low or value), Decimal(high or value)
    )


def a_reading(metric: str, value: str) -> Reading:
    return Reading(metric, Decimal(value), "kg", NOON, RecordKey(Kind.MEASURES, "1"))


def drawn(
    name: str, series: Mapping[str, Sequence[Point]], *, step: int = 1, newest: tuple[Reading, ...] = ()
) -> Chart:
    """One of the charts of a person with these series."""
    charts = Charts(
        account="1234",
        span=Span.MONTH,
        zone="UTC",
        first=TODAY - timedelta(days=29),
        last=TODAY,
        step=step,
        series=series,
        newest={reading.metric: reading for reading in newest},
    )
    (chart,) = [chart for chart in charts_of(charts) if chart.name == name]
    return chart


class TestALine:
    def test_rises_with_its_values_and_goes_from_left_to_right(self) -> None:
        chart = drawn("weight", {"weight": [a_point(9, "80"), a_point(5, "82"), a_point(0, "81")]})
        (line,) = chart.lines
        (x1, y1), (x2, y2), (x3, y3) = line.points
        assert x1 < x2 < x3 < chart.right
        assert y2 < y3 < y1, "up is less"
        assert line.path.count("L") == 2

    def test_lies_where_the_axis_says(self) -> None:
        chart = drawn("weight", {"weight": [a_point(9, "80"), a_point(0, "82")]})
        at = {tick.text: tick.place for tick in chart.up}
        (line,) = chart.lines
        assert line.points[0][1] == at["80"]
        assert line.points[-1][1] == at["82"]

    def test_has_a_band_to_the_lowest_and_the_highest(self) -> None:
        flat = drawn("weight", {"weight": [a_point(1, "80"), a_point(0, "80")]})
        assert flat.lines[0].area == ""
        wide = drawn("weight", {"weight": [a_point(1, "80", low="79", high="83"), a_point(0, "80")]})
        ys = [y for _, y in wide.lines[0].band]
        assert min(ys) < wide.lines[0].points[0][1] < max(ys)

    def test_is_marked_at_each_point_while_they_are_few(self) -> None:
        few = [a_point(n, "80") for n in range(29, -1, -1)]
        assert len(drawn("weight", {"weight": few}).lines[0].marked) == 30
        many = [a_point(n, "80") for n in range(50, -1, -1)]
        assert len(drawn("weight", {"weight": many}).lines[0].marked) == 1


class TestSeries:
    def test_are_numbered_alike_whichever_of_them_there_are(self) -> None:
        both = {
            "systolic_blood_pressure": [a_point(0, "120")],
            "diastolic_blood_pressure": [a_point(0, "80")],
        }
        one = {"diastolic_blood_pressure": [a_point(0, "80")]}
        assert [line.number for line in drawn("pressure", both).lines] == [0, 1]
        assert [line.number for line in drawn("pressure", one).lines] == [1]

    def test_are_named_beside_their_ends_without_overlap(self) -> None:
        series = {name: [a_point(0, "50")] for name in ("muscle_mass", "hydration", "fat_mass", "bone_mass")}
        chart = drawn("composition", series)
        assert [line.label for line in chart.lines] == ["Muscle", "Water", "Fat", "Bone"]
        ends = sorted(line.label_at for line in chart.lines)
        assert all(after - before >= 14.9 for before, after in pairwise(ends))
        assert chart.right < 420


class TestStackedBars:
    def test_stand_on_each_other_from_nothing_to_the_whole_night(self) -> None:
        night = {
            "deep_sleep_duration": [a_point(0, "3600")],
            "light_sleep_duration": [a_point(0, "14400")],
            "rem_sleep_duration": [a_point(0, "7200")],
            "asleep": [a_point(0, "25200")],
        }
        chart = drawn("sleep", night)
        deep, light, rem = chart.bars
        assert deep.y == pytest.approx(light.y + light.height)
        assert light.y == pytest.approx(rem.y + rem.height)
        at = {tick.text: tick.place for tick in chart.up}
        assert deep.y + deep.height == pytest.approx(at["0"])
        assert light.height == pytest.approx(4 * deep.height, abs=0.3)
        assert chart.gist == "7.0 hours asleep a night on average."

    def test_leave_out_what_is_nothing(self) -> None:
        chart = drawn("steps", {"steps": [a_point(1, "0"), a_point(0, "8000")]})
        assert len(chart.bars) == 1
        assert len(chart.rows) == 2


class TestTheTable:
    def test_holds_the_numbers_that_are_drawn_newest_first(self) -> None:
        chart = drawn("weight", {"weight": [a_point(1, "80", low="79.5", high="80.5"), a_point(0, "81.25")]})
        assert chart.rows == [("2 Mar 2026", ["81.2"]), ("1 Mar 2026", ["80.0 (79.5 to 80.5)"])]
        assert [spot.text for spot in chart.spots] == [
            "1 Mar 2026: Weight 80.0 (79.5 to 80.5) kg",
            "2 Mar 2026: Weight 81.2 kg",
        ]

    def test_has_an_empty_cell_where_a_series_has_nothing(self) -> None:
        series = {
            "systolic_blood_pressure": [a_point(0, "120")],
            "diastolic_blood_pressure": [a_point(1, "80"), a_point(0, "79")],
        }
        assert drawn("pressure", series).rows == [("2 Mar 2026", ["120", "79"]), ("1 Mar 2026", ["", "80"])]

    def test_says_which_days_a_step_stands_for(self) -> None:
        chart = drawn("weight", {"weight": [a_point(6, "80")]}, step=7)
        assert chart.rows[0][0] == "7 days from 24 Feb 2026"


class TestWords:
    @pytest.mark.parametrize(
        ("then", "now", "words"),
        [
            ("80", "81.3", "81.3 kg on 2 Mar 2026, 1.3 kg more than on 1 Mar 2026."),
            ("82", "81.3", "81.3 kg on 2 Mar 2026, 0.7 kg less than on 1 Mar 2026."),
            ("81.3", "81.3", "81.3 kg on 2 Mar 2026, as much as on 1 Mar 2026."),
        ],
    )
    def test_tell_how_the_weight_has_changed(self, then: str, now: str, words: str) -> None:
        points = {"weight": [a_point(1, then), a_point(0, now)]}
        assert drawn("weight", points, newest=(a_reading("weight", now),)).gist == words

    def test_tell_a_blood_pressure_as_people_do(self) -> None:
        newest = (a_reading("systolic_blood_pressure", "121"), a_reading("diastolic_blood_pressure", "79"))
        series = {"systolic_blood_pressure": [a_point(0, "121")]}
        assert drawn("pressure", series, newest=newest).gist == "121 over 79 mmHg on 2 Mar 2026."

    def test_tell_the_mean_of_all_days_and_not_of_weeks(self) -> None:
        week, day = replace(a_point(7, "8000"), count=7), a_point(0, "0")
        assert drawn("steps", {"steps": [week, day]}, step=7).gist.startswith("7,000 steps a day on average")

    def test_tell_the_steps_of_a_day(self) -> None:
        series = {"steps": [a_point(1, "6000"), a_point(0, "8000", high="9500")]}
        assert drawn("steps", series).gist == "7,000 steps a day on average, 9,500 at most."

    def test_tell_the_newest_value_and_not_the_mean_of_weeks(self) -> None:
        series = {"fat_mass": [a_point(6, "20")], "bone_mass": [a_point(6, "3")]}
        newest = (a_reading("fat_mass", "18.5"), a_reading("bone_mass", "3.1"))
        chart = drawn("composition", series, step=7, newest=newest)
        assert chart.gist == "Newest, in kg: fat 18.5, bone 3.1."


class TestNothing:
    @pytest.mark.parametrize("name", ["weight", "composition", "pressure", "heart", "steps", "sleep"])
    def test_is_told_and_not_drawn(self, name: str) -> None:
        chart = drawn(name, {})
        assert chart.empty
        assert chart.gist == "Nothing is known of this time."

    def test_of_a_day_does_not_hide_another(self) -> None:
        assert date(2026, 3, 2) == TODAY
        assert not drawn("heart", {"heart_pulse": [a_point(0, "60")]}).empty
