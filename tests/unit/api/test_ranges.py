"""Ranges of time: by days of the person's calendar, or by instants."""

from datetime import UTC, date, datetime, timedelta

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

from withings_bridge.api.ranges import BACKWARDS, Asked, Moment
from withings_bridge.domain.ranges import NAIVE, NO_MOMENT, Range
from withings_bridge.domain.records import Kind
from withings_bridge.services.history.browsing import Span

MOMENT: TypeAdapter[date | datetime] = TypeAdapter(Moment)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestMoment:
    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("2026-03-02", date(2026, 3, 2)),
            ("2026-03-02T12:00:00Z", utc("2026-03-02T12:00")),
            ("2026-03-02t12:00z", utc("2026-03-02T12:00")),
            ("2026-03-02T12:00:00.123456Z", utc("2026-03-02T12:00:00.123456")),
            ("2026-03-02T13:00:00+01:00", utc("2026-03-02T12:00")),
            ("2026-03-02T13:00:00 01:00", utc("2026-03-02T12:00")),
            ("2026-03-02T13:00:00 0100", utc("2026-03-02T12:00")),
            ("2026-03-02T06:30:00-05:30", utc("2026-03-02T12:00")),
        ],
    )
    def test_is_a_day_or_an_instant(self, text: str, meant: date) -> None:
        moment = MOMENT.validate_python(text)
        assert (type(moment), moment) == (type(meant), meant)

    @pytest.mark.parametrize("text", ["2026-03-02T12:00:00", "2026-03-02T12:00"])
    def test_without_a_zone_is_refused_with_what_to_do(self, text: str) -> None:
        with pytest.raises(ValidationError) as refused:
            MOMENT.validate_python(text)
        assert refused.value.errors()[0]["msg"].startswith(NAIVE)

    @pytest.mark.parametrize(
        "text",
        [
            *(
                "",
                "today",
                "1767225600",
                "20260302",
                "2026-W10-1",
                "2026-02-30",
                "2026-3-2",
                "T",
                "٢٠٢٦-٠٣-٠٢",
            ),
            *("2026-03-02 12:00:00Z", "2026-03-02T25:00Z", "0001-01-01T00:00:00+05:00", "2026-03-02T" * 99),
        ],
    )
    def test_of_another_form_is_refused_with_what_to_do(self, text: str) -> None:
        with pytest.raises(ValidationError) as refused:
            MOMENT.validate_python(text)
        assert refused.value.errors()[0]["msg"].startswith(NO_MOMENT)


class TestAsked:
    def test_is_the_range_of_the_kind_as_a_span(self) -> None:
        asked = Asked(Range(utc("2026-03-02T20:00"), date(2026, 3, 4)))
        assert asked.of(Kind.ACTIVITY, "Asia/Tokyo") == Span(utc("2026-03-03"), utc("2026-03-04"))
        end = utc("2026-03-04T15:00") - timedelta(microseconds=1)
        assert asked.of(Kind.SLEEP, "Asia/Tokyo") == Span(utc("2026-03-02T20:00"), end)

    def test_may_be_open(self) -> None:
        assert Asked(Range()).of(Kind.SLEEP, "Asia/Tokyo") == Span()

    @pytest.mark.parametrize("kind", [Kind.SLEEP, Kind.ACTIVITY])
    @pytest.mark.parametrize(
        "asked",
        [
            Range(date(2026, 3, 3), date(2026, 3, 2)),
            Range(utc("2026-03-04T12:00"), date(2026, 3, 2)),
            Range(date(2026, 3, 3), utc("2026-03-01T12:00")),
        ],
    )
    def test_that_runs_backwards_is_refused(self, asked: Range, kind: Kind) -> None:
        with pytest.raises(RequestValidationError) as refused:
            Asked(asked).of(kind, "Asia/Tokyo")
        assert refused.value.errors()[0]["msg"] == BACKWARDS
