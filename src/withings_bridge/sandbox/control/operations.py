"""Control calls about the cloud itself: its clock, its faults, what it was asked and what it sent."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, status

from withings_bridge.sandbox.control.models import (
    ClockMove,
    ClockShown,
    Deleted,
    DeliveryShown,
    Release,
    Released,
)
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.faults import Faults
from withings_bridge.sandbox.journal import KEPT, Entry, Totals
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.world.deliveries import Delivery, DeliveryState

router = APIRouter(prefix="/sandbox", tags=["cloud"])

Limit = Annotated[int, Query(ge=1, le=KEPT)]


@router.get("/clock")
async def show_clock(sandbox: CurrentSandbox) -> ClockShown:
    return _clock(sandbox)


@router.post("/clock")
async def move_clock(move: ClockMove, sandbox: CurrentSandbox) -> ClockShown:
    """Moves the sandbox's time forward: tokens expire, retries come due."""
    sandbox.clock.advance(timedelta(seconds=move.advance_seconds))
    sandbox.world.clock_offset = sandbox.clock.offset
    sandbox.courier.wake()
    return _clock(sandbox)


@router.get("/faults")
async def show_faults(sandbox: CurrentSandbox) -> Faults:
    return sandbox.faults


@router.put("/faults")
async def set_faults(faults: Faults, sandbox: CurrentSandbox) -> Faults:
    """Sets all switches; those left out go back to their defaults. Held notifications leave once
    holding ends.
    """
    return put_faults(sandbox, faults)


@router.get("/requests")
async def list_requests(
    sandbox: CurrentSandbox, after: int = 0, action: str | None = None, limit: Limit = 1000
) -> list[Entry]:
    """What the pretend cloud was asked, oldest first, without tokens or secrets."""
    found = [
        entry for entry in sandbox.journal.entries(after=after) if action is None or entry.action == action
    ]
    return found[-limit:]


@router.get("/requests/totals")
async def count_requests(sandbox: CurrentSandbox, after: int = 0) -> Totals:
    """The calls of the API host in numbers: how they ended, and how many came in the busiest minute.
    As far as the journal goes back, which keeps the last 50 000.
    """
    return sandbox.journal.totals(after=after)


@router.delete("/requests", status_code=204)
async def forget_requests(sandbox: CurrentSandbox) -> None:
    sandbox.journal.clear()


@router.get("/deliveries")
async def list_deliveries(
    sandbox: CurrentSandbox, state: DeliveryState | None = None, limit: Limit = 1000
) -> list[DeliveryShown]:
    """Notifications, oldest first, with their outcome so far."""
    return [_shown(delivery) for delivery in sandbox.world.deliveries.all(limit=limit, state=state)]


@router.post("/deliveries/release")
async def release(how: Release, sandbox: CurrentSandbox) -> Released:
    """Sends the held notifications now; newest first shows a client what reordering does."""
    return _release(sandbox, how)


@router.post("/deliveries/{delivery_id}/repeat", status_code=202)
async def repeat(delivery_id: int, sandbox: CurrentSandbox) -> Released:
    """Sends one notification once more."""
    if not sandbox.world.deliveries.repeat(delivery_id, now=sandbox.clock.timestamp()):
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no delivery {delivery_id}.")
    sandbox.courier.wake()
    return Released(released=1)


@router.delete("/subscriptions")
async def forget_subscriptions(userid: int, sandbox: CurrentSandbox) -> Deleted:
    """Drops a person's subscriptions without a word, as Withings does after 20 days of failures."""
    found = sandbox.world.subscriptions.find(userid)
    sandbox.world.subscriptions.remove_all(userid)
    return Deleted(deleted=len(found))


def put_faults(sandbox: RunningSandbox, faults: Faults) -> Faults:
    """All switches at once."""
    sandbox.faults = faults
    if not faults.hold_notifications:
        _release(sandbox, Release())
    return sandbox.faults


def _release(sandbox: RunningSandbox, how: Release) -> Released:
    released = sandbox.world.deliveries.release(now=sandbox.clock.timestamp(), order=how.order)
    sandbox.courier.wake()
    return Released(released=released)


def _clock(sandbox: RunningSandbox) -> ClockShown:
    return ClockShown(now=sandbox.clock.now(), offset_seconds=sandbox.clock.offset.total_seconds())


def _shown(delivery: Delivery) -> DeliveryShown:
    return DeliveryShown(
        id=delivery.id,
        userid=delivery.userid,
        appli=delivery.appli,
        url=delivery.url,
        fields=delivery.fields,
        state=delivery.state,
        tries=delivery.tries,
        created_at=datetime.fromtimestamp(delivery.created_at, UTC),
        due_at=datetime.fromtimestamp(delivery.due_at, UTC),
        last_status=delivery.last_status,
    )
