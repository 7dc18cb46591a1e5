"""What goes wrong, by one switch each and in plain words: the console's way to mishaps and faults."""

from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, status
from pydantic import BaseModel, Field

from withings_bridge.sandbox.control.models import Asked
from withings_bridge.sandbox.control.operations import put_faults
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.mishaps import Cut, FrontEnd, Lost, Mishap, Planned, Refused, Slow
from withings_bridge.sandbox.running import RunningSandbox

router = APIRouter(prefix="/sandbox/troubles", tags=["troubles"])

SLOW_SECONDS = 8


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong, as people call it: with calls, by a mishap, or by a switch of the faults."""

    label: str
    what: str
    means: Mishap | str
    """The mishap that it plans, or the fault that it switches on."""


TROUBLES = {
    "rate-limit": Trouble(
        "Rate limit",
        "Withings refuses the next call: too many requests (601), wait 10 s.",
        Refused(kind="status", status=601, wait_seconds=10),
    ),
    "outage": Trouble(
        "Outage",
        "Every call fails with HTTP 502, until this is switched off.",
        FrontEnd(kind="http", http_status=502, times=None),
    ),
    "slow": Trouble(
        "Slow",
        f"The next five calls are answered {SLOW_SECONDS} s late.",
        Slow(kind="slow", seconds=SLOW_SECONDS, times=5),
    ),
    "time-outs": Trouble(
        "Time-outs",
        "The next three calls time out inside Withings (522).",
        Refused(kind="status", status=522, times=3),
    ),
    "lost-reply": Trouble(
        "Lost reply", "The next call is done, but its reply is lost.", Lost(kind="lost", times=1)
    ),
    "lost-refresh": Trouble(
        "Lost refresh",
        "The next request for a token is done, but its reply is lost.",
        Lost(kind="lost", action="requesttoken"),
    ),
    "broken-connection": Trouble(
        "Broken connection", "The next call breaks off, and nothing is done.", Cut(kind="cut")
    ),
    "doubled-notifications": Trouble(
        "Doubled notifications", "Each new notification is sent twice.", "duplicate_notifications"
    ),
    "held-notifications": Trouble(
        "Held notifications",
        "New notifications wait until this is switched off.",
        "hold_notifications",
    ),
    "lost-notifications": Trouble(
        "Lost notifications", "New notifications are never sent.", "lose_notifications"
    ),
}


class TroubleShown(BaseModel):
    name: str
    label: str
    what: str
    on: bool = Field(description="Whether it is in force.")
    left: int | None = Field(description="How many calls it is yet to hit; null: until it is switched off.")


class Switch(Asked):
    on: bool = True


@router.get("")
async def list_troubles(sandbox: CurrentSandbox) -> list[TroubleShown]:
    """What can go wrong at the turn of a switch, and what is in force. For more than that there are
    `/sandbox/mishaps` and `/sandbox/faults`, which these are made of.
    """
    return troubles(sandbox)


@router.put("/{name}")
async def switch_trouble(name: str, how: Switch, sandbox: CurrentSandbox) -> TroubleShown:
    """Switches one on or off. Switched on again it begins anew."""
    switch(sandbox, name, on=how.on)
    return next(each for each in troubles(sandbox) if each.name == name)


@router.delete("", status_code=204)
async def end_troubles(sandbox: CurrentSandbox) -> None:
    """Nothing goes wrong any more: mishaps of every kind are dropped, and held notifications leave. How
    strict the cloud is stays as it was.
    """
    end_all(sandbox)


def troubles(sandbox: RunningSandbox) -> list[TroubleShown]:
    """All of them as they stand."""
    return [_shown(sandbox, name, trouble) for name, trouble in TROUBLES.items()]


def others(sandbox: RunningSandbox) -> list[Planned]:
    """Mishaps still to come that are none of these: planned by a call or a command."""
    ours = [trouble.means for trouble in TROUBLES.values()]
    return [each for each in sandbox.mishaps.all() if not each.over and each.mishap not in ours]


def switch(sandbox: RunningSandbox, name: str, *, on: bool) -> Trouble:
    """Raises 404 for a name that nothing bears."""
    trouble = TROUBLES.get(name)
    if trouble is None:
        raise HTTPException(
            status.HTTP_404_NOT_FOUND,
            f"Nothing that goes wrong is called {name}; there are {', '.join(TROUBLES)}.",
        )
    if isinstance(trouble.means, str):
        put_faults(sandbox, sandbox.faults.model_copy(update={trouble.means: on}))
        return trouble
    for each in sandbox.mishaps.all():
        if each.mishap == trouble.means:
            sandbox.mishaps.remove(each.id)
    if on:
        sandbox.mishaps.add(trouble.means)
    return trouble


def end_all(sandbox: RunningSandbox) -> None:
    sandbox.mishaps.clear()
    ours = [trouble.means for trouble in TROUBLES.values() if isinstance(trouble.means, str)]
    put_faults(sandbox, sandbox.faults.model_copy(update=dict.fromkeys(ours, False)))


def _shown(sandbox: RunningSandbox, name: str, trouble: Trouble) -> TroubleShown:
    if isinstance(trouble.means, str):
        on, left = bool(getattr(sandbox.faults, trouble.means)), None
    else:
        planned = [each for each in sandbox.mishaps.all() if each.mishap == trouble.means and not each.over]
        on = bool(planned)
        counts = [each.mishap.times - each.hits for each in planned if each.mishap.times is not None]
        left = sum(counts) if counts else None
    return TroubleShown(name=name, label=trouble.label, what=trouble.what, on=on, left=left)
