"""Recordings of the heart, and what is known of the person beside measurements: devices, goals, events."""

from typing import Annotated

from fastapi import APIRouter, Path

from withings_bridge.api.dependencies import TheServices
from withings_bridge.api.kinds_schemas import (
    DeviceReply,
    DevicesReply,
    Ecg,
    EcgPage,
    EventsPage,
    Goals,
    GoalsReply,
    StethoPage,
    StethoRecording,
    WithingsEvent,
)
from withings_bridge.api.ranges import AskedRange
from withings_bridge.api.reading import (
    AskedForm,
    AskedFormOfRecords,
    AskedPage,
    Escaped,
    TheHistory,
    TheUser,
    WithRecord,
    listed,
    live_from,
    reading,
)
from withings_bridge.api.signals_schemas import EcgSignal, StethoSignal
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import (
    CursorRefused,
    NoSuchRecording,
    RateLimited,
    Transient,
    WithingsError,
)
from withings_bridge.domain.readings import readings
from withings_bridge.domain.records import THE_GOALS, Kind
from withings_bridge.services.history.browsing import Span
from withings_bridge.services.history.paging import Found

FETCHING = (NoSuchRecording, Transient, RateLimited, WithingsError)
"""What can go wrong where a signal is asked for."""

SignalId = Annotated[str, Path(description="That of the recording.", min_length=1, max_length=64)]

router = APIRouter(prefix="/api/withings", tags=["readings"], default_response_class=Escaped)


@router.get("/ecg", operation_id="list_ecgs", summary="ECGs", responses=reading(CursorRefused))
@live_from(Category.HEART)
async def list_ecgs(history: TheHistory, form: AskedForm, asked: AskedRange, page: AskedPage) -> EcgPage:
    """ECGs with their result and heart rate, without their curves."""
    showing = await form.of(history)
    leaf, following = await listed(history, Kind.HEART, asked.of(Kind.HEART, showing.zone), page)
    return EcgPage(items=[Ecg.of(found, showing) for found in leaf.found], next=following)


@router.get(
    "/stetho",
    operation_id="list_stetho_recordings",
    summary="Heart sounds",
    responses=reading(CursorRefused),
)
@live_from(Category.STETHO)
async def list_stetho_recordings(
    history: TheHistory, form: AskedForm, asked: AskedRange, page: AskedPage
) -> StethoPage:
    """Recordings of a digital stethoscope with their result, without the sound."""
    showing = await form.of(history)
    leaf, following = await listed(history, Kind.STETHO, asked.of(Kind.STETHO, showing.zone), page)
    return StethoPage(items=[StethoRecording.of(found, showing) for found in leaf.found], next=following)


@router.get(
    "/ecg/{signalId}/signal",
    operation_id="ecg_signal",
    summary="The curve of an ECG",
    responses=reading(*FETCHING),
)
@live_from(Category.HEART)
async def ecg_signal(
    _: TheHistory,
    user: TheUser,
    services: TheServices,
    signalId: SignalId,  # noqa: N803 - as it is told
    record: WithRecord = False,  # noqa: FBT002 - a flag of the query
) -> EcgSignal:
    """The curve of one ECG. Withings is asked the first time that somebody wants it, within the quota; then
    it is kept.
    """
    return EcgSignal.of(await services.signals.ecg(user, signalId), record=record)


@router.get(
    "/stetho/{signalId}/signal",
    operation_id="stetho_signal",
    summary="The sound of a stethoscope",
    responses=reading(*FETCHING),
)
@live_from(Category.STETHO, Category.HEART)
async def stetho_signal(
    _: TheHistory,
    user: TheUser,
    services: TheServices,
    signalId: SignalId,  # noqa: N803 - as it is told
    record: WithRecord = False,  # noqa: FBT002 - a flag of the query
) -> StethoSignal:
    """The sound of one recording. Withings is asked the first time that somebody wants it, within the quota;
    then it is kept.
    """
    return StethoSignal.of(await services.signals.stetho(user, signalId), record=record)


@router.get(
    "/events",
    operation_id="list_events",
    summary="Into bed, out of bed",
    responses=reading(CursorRefused),
)
async def list_events(history: TheHistory, form: AskedForm, asked: AskedRange, page: AskedPage) -> EventsPage:
    """What a notification itself told, since nothing can be fetched about it: into bed, out of bed, a mat
    inflated, an ECG that failed. Withings has nothing to be asked for here, so `live` changes nothing.
    """
    showing = await form.of(history)
    leaf, following = await listed(history, Kind.EVENT, asked.of(Kind.EVENT, showing.zone), page)
    return EventsPage(items=[WithingsEvent.of(found, showing) for found in leaf.found], next=following)


@router.get("/devices", operation_id="list_devices", summary="The person's devices", responses=reading())
@live_from(Category.DEVICES)
async def list_devices(history: TheHistory, form: AskedFormOfRecords) -> DevicesReply:
    """All devices of the person, with battery and last session. There are few: no pages."""
    showing = await form.of(history)
    devices = [record async for record in history.all(Kind.DEVICE, Span())]
    return DevicesReply(items=[DeviceReply.of(record, showing) for record in devices])


@router.get("/goals", operation_id="list_goals", summary="What the person aims at", responses=reading())
@live_from(Category.GOALS)
async def list_goals(history: TheHistory, form: AskedForm) -> GoalsReply:
    """Steps a day, sleep a night and a weight, as far as the person has set any in Withings' app. They are
    dated 1970, for Withings does not say since when they stand.
    """
    showing = await form.of(history)
    goals = await history.get(Kind.GOALS, THE_GOALS)
    found = [Found(goals, list(readings(goals)))] if goals else []
    return GoalsReply(items=[Goals.of(one, showing) for one in found])
