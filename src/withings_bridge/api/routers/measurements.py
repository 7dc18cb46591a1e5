"""Measurements one by one, and the newest value of each metric."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from withings_bridge.api.ranges import AskedRange
from withings_bridge.api.reading import (
    AskedForm,
    AskedFormOfValues,
    AskedPage,
    Escaped,
    TheHistory,
    live_from,
    reading,
)
from withings_bridge.api.readings_schemas import LatestReply, MeasurementsPage, Value
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import CursorRefused
from withings_bridge.domain.metrics import METRICS
from withings_bridge.domain.origins import Source
from withings_bridge.domain.records import Kind
from withings_bridge.services.history.measuring import Wanted, measurements

NAMES = sorted(metric.name for metric in METRICS.values() if metric.kind is Kind.MEASURES)
"""Of all metrics that are measured."""

UNNAMED = re.compile(r"type-\d{1,9}", re.ASCII)
"""How a measure type is called that nobody has documented yet."""

MOST_NAMED = 100

router = APIRouter(prefix="/api/withings", tags=["readings"], default_response_class=Escaped)


def _is_metric(name: str) -> str:
    if name not in NAMES and not UNNAMED.fullmatch(name):
        raise PydanticCustomError(
            "metric",
            "No measurement is called so: the names stand in the description of `metric` at /docs, under "
            "GET /api/withings/measurements.",
        )
    return name


def _wanted(
    metric: Annotated[
        list[Annotated[str, AfterValidator(_is_metric)]] | None,
        Query(
            description="Only these metrics; say it again for each. A `type-...`, which nobody has "
            f"documented yet, is one too. The names: {', '.join(f'`{name}`' for name in NAMES)}.",
            examples=[["weight", "fat_ratio"]],
            max_length=MOST_NAMED,
        ),
    ] = None,
    types: Annotated[
        list[int] | None,
        Query(
            alias="type",
            description="The same by Withings' numbers of measure types; beside `metric`, those of either.",
            examples=[[1, 6]],
            max_length=MOST_NAMED,
        ),
    ] = None,
    device: Annotated[
        str | None,
        Query(description="Only those of this device, by Withings' `deviceid`.", max_length=128),
    ] = None,
    source: Annotated[
        Source | None, Query(description="Only those that came about so: `manual` is what was typed in.")
    ] = None,
    held_back: Annotated[  # noqa: FBT002 - a flag of the query
        bool,
        Query(
            alias="heldBack",
            description="Also those that may be another person's; they are flagged `heldBack`.",
        ),
    ] = False,
) -> Wanted:
    return Wanted(
        metrics=frozenset(metric or ()),
        types=frozenset(types or ()),
        device=device,
        source=source,
        held_back=held_back,
    )


@router.get(
    "/measurements",
    operation_id="list_measurements",
    summary="Measurements, each value by itself",
    responses=reading(CursorRefused),
)
@live_from(Category.MEASURES)
async def list_measurements(
    history: TheHistory,
    form: AskedForm,
    asked: AskedRange,
    wanted: Annotated[Wanted, Depends(_wanted)],
    page: AskedPage,
) -> MeasurementsPage:
    """All that scales, cuffs, thermometers and watches measured, or people typed in: weight, body
    composition, blood pressure, temperature and some forty more, and a bmi with each weight, from the height
    known then.

    A measure group, such as a weight with its body composition, is never split: a page may have some more
    values than `limit`. Behind a filter a page may be short, even empty; go on while `next` is there.
    """
    showing = await form.of(history)
    name = "measurements"
    leaf = await measurements(
        history,
        wanted,
        asked.of(Kind.MEASURES, showing.zone),
        limit=page.limit,
        after=page.place(history, name),
        backward=page.backward,
    )
    return MeasurementsPage(
        items=[Value.of(reading, showing) for found in leaf.found for reading in found.readings],
        records=[dict(found.record.body) for found in leaf.found] if showing.record else None,
        next=page.next(leaf, history, name),
    )


@router.get(
    "/latest",
    operation_id="latest",
    summary="The newest value of each metric",
    responses=reading(),
)
@live_from(
    Category.MEASURES,
    Category.ACTIVITY,
    Category.SLEEP,
    Category.WORKOUTS,
    Category.HEART,
    Category.STETHO,
    Category.GOALS,
)
async def latest(history: TheHistory, form: AskedFormOfValues) -> LatestReply:
    """The newest value of each metric, of measurements, days, nights, workouts, ECGs and goals, however long
    ago it was measured.

    Of two devices that counted one day the tracker speaks before the phone, unless `ACTIVITY_SOURCES` says
    otherwise. Samples within a day or a night, parts of the body, and what is held back are left out. Goals
    are dated 1970, for Withings does not say since when they stand.
    """
    showing = await form.of(history)
    newest = await history.latest()
    return LatestReply(items=[Value.of(newest[metric], showing) for metric in sorted(newest)])
