"""Ranges of time: by days of the person's calendar, or by instants."""

from datetime import UTC, date, datetime, timedelta

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

from withings_bridge.api.ranges import BACKWARDS, NAIVE, NO_MOMENT, Moment, Range
from withings_bridge.services.browsing import Span

SECOND = timedelta(microseconds=1)

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
        assert refused.value.errors()[0]["msg"] == NAIVE

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
        assert refused.value.errors()[0]["msg"] == NO_MOMENT


class TestRange:
    def test_spans_whole_days_of_the_persons_zone(self) -> None:
        """On the 29th an hour was left out."""
        asked = Range(date(2026, 3, 28), date(2026, 3, 29))
        begin, end = utc("2026-03-27T23:00"), utc("2026-03-29T22:00")
        assert asked.span("Europe/Paris") == Span(begin, end - SECOND)

    def test_includes_both_instants(self) -> None:
        begin, end = utc("2026-03-02T12:00"), utc("2026-03-02T13:00")
        assert Range(begin, end).span("Asia/Tokyo") == Span(begin, end)

    def test_may_be_open(self) -> None:
        assert Range().span("Asia/Tokyo") == Range().days("Asia/Tokyo") == Span()
        assert Range(date(2026, 3, 2)).span(None) == Span(utc("2026-03-02"))

    def test_of_activity_is_by_the_local_days_it_touches(self) -> None:
        asked = Range(utc("2026-03-02T20:00"), date(2026, 3, 4))
        assert asked.days("Asia/Tokyo") == Span(utc("2026-03-03"), utc("2026-03-04"))
        assert asked.days("America/Lima") == Span(utc("2026-03-02"), utc("2026-03-04"))

    @pytest.mark.parametrize(
        "asked",
        [
            Range(date(2026, 3, 3), date(2026, 3, 2)),
            Range(utc("2026-03-04T12:00"), date(2026, 3, 2)),
            Range(date(2026, 3, 3), utc("2026-03-01T12:00")),
        ],
    )
    def test_that_runs_backwards_is_refused(self, asked: Range) -> None:
        for spanned in (asked.span, asked.days):
            with pytest.raises(RequestValidationError) as refused:
                spanned("Asia/Tokyo")
            assert refused.value.errors()[0]["msg"] == BACKWARDS

    @pytest.mark.parametrize("day", [date.min, date.max])
    @pytest.mark.parametrize("zone", [None, "Pacific/Kiritimati", "Pacific/Pago_Pago"])
    def test_may_be_the_first_or_last_day_of_the_calendar(self, day: date, zone: str | None) -> None:
        span = Range(day, day).span(zone)
        assert span.start <= span.end
