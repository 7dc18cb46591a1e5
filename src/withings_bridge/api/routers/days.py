"""Days, nights and workouts, with the samples and stretches in them."""

from fastapi import APIRouter

from withings_bridge.api.kinds_schemas import (
    ActivityDay,
    ActivityHour,
    ActivityPage,
    HoursPage,
    Night,
    SleepPage,
    SleepStage,
    StagesPage,
    Workout,
    WorkoutsPage,
)
from withings_bridge.api.ranges import AskedRange
from withings_bridge.api.reading import (
    AskedForm,
    AskedPage,
    Escaped,
    RecordId,
    TheHistory,
    listed,
    live_from,
    reading,
)
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import CursorRefused, NoSuchRecord
from withings_bridge.domain.origins import origin_of
from withings_bridge.domain.readings import Reading, readings
from withings_bridge.domain.records import Kind, Record
from withings_bridge.services.history.browsing import Span

router = APIRouter(prefix="/api/withings", tags=["readings"], default_response_class=Escaped)


@router.get(
    "/activity",
    operation_id="list_activity",
    summary="Days of activity",
    responses=reading(CursorRefused),
)
@live_from(Category.ACTIVITY)
async def list_activity(
    history: TheHistory, form: AskedForm, asked: AskedRange, page: AskedPage
) -> ActivityPage:
    """Steps, distance, energy and heart rate, by local days; an instant in the range means the day it is on.

    A watch and a phone may both have counted a day, and are told apart by `device` and `source`: do not add
    them up.
    """
    showing = await form.of(history)
    days = asked.of(Kind.ACTIVITY, showing.zone)
    leaf, following = await listed(history, Kind.ACTIVITY, days, page)
    return ActivityPage(items=[ActivityDay.of(found, showing) for found in leaf.found], next=following)


@router.get(
    "/activity/intraday",
    operation_id="list_intraday_activity",
    summary="Samples within days, by hours",
    responses=reading(CursorRefused),
)
@live_from(Category.INTRADAY)
async def list_intraday_activity(
    history: TheHistory, form: AskedForm, asked: AskedRange, page: AskedPage
) -> HoursPage:
    """Heart rate, steps and more, minute by minute, as far as the bridge is set up to fetch them.

    An item holds the samples of one hour of UTC, each with its own instant; an hour belongs to the range
    when any of it does.
    """
    showing = await form.of(history)
    leaf, following = await listed(history, Kind.INTRADAY, asked.of(Kind.INTRADAY, showing.zone), page)
    return HoursPage(items=[ActivityHour.of(found, showing) for found in leaf.found], next=following)


@router.get("/sleep", operation_id="list_sleep", summary="Nights and naps", responses=reading(CursorRefused))
@live_from(Category.SLEEP)
async def list_sleep(history: TheHistory, form: AskedForm, asked: AskedRange, page: AskedPage) -> SleepPage:
    """Durations, stages, heart rate, breathing and scores of each night. The range goes by when it began."""
    showing = await form.of(history)
    leaf, following = await listed(history, Kind.SLEEP, asked.of(Kind.SLEEP, showing.zone), page)
    return SleepPage(items=[Night.of(found, showing) for found in leaf.found], next=following)


@router.get(
    "/sleep/{id:path}/stages",
    operation_id="list_sleep_stages",
    summary="The stretches of a night",
    responses=reading(CursorRefused, NoSuchRecord),
)
@live_from(Category.SLEEP_DETAIL)
async def list_sleep_stages(
    history: TheHistory,
    form: AskedForm,
    id: RecordId,  # noqa: A002 - as it is told
    page: AskedPage,
) -> StagesPage:
    """The stretches of each state of sleep, with the samples in them, as far as the bridge is set up to fetch
    them. For a hypnogram ask with `order=asc`.
    """
    showing = await form.of(history)
    night = await history.get(Kind.SLEEP, id)
    if night is None:
        raise NoSuchRecord
    slept = origin_of(night)
    begin = slept.began_at or night.at
    span = Span(begin, slept.ended_at or begin)

    def of_that_device(stretch: Record) -> list[Reading] | None:
        """Two may have slept along, a watch and a mat."""
        device = origin_of(stretch).device
        return list(readings(stretch)) if device == slept.device or not (device and slept.device) else None

    leaf, following = await listed(
        history, Kind.SEGMENT, span, page, name=f"stages {id}", decode=of_that_device
    )
    return StagesPage(items=[SleepStage.of(found, showing) for found in leaf.found], next=following)


@router.get("/workouts", operation_id="list_workouts", summary="Workouts", responses=reading(CursorRefused))
@live_from(Category.WORKOUTS)
async def list_workouts(
    history: TheHistory, form: AskedForm, asked: AskedRange, page: AskedPage
) -> WorkoutsPage:
    """Workouts with what was measured in them. The range goes by when they began."""
    showing = await form.of(history)
    leaf, following = await listed(history, Kind.WORKOUT, asked.of(Kind.WORKOUT, showing.zone), page)
    return WorkoutsPage(items=[Workout.of(found, showing) for found in leaf.found], next=following)
