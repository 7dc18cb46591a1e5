"""What goes wrong, by a press of a button: the console's way to mishaps and faults."""

from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Request, status
from fastapi.responses import RedirectResponse, Response

from withings_bridge.sandbox.control.operations import put_faults
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.mishaps import Cut, FrontEnd, Lost, Mishap, Refused, Slow
from withings_bridge.sandbox.running import RunningSandbox

router = APIRouter(prefix="/sandbox/switches", include_in_schema=False)

TOO_MANY, OUTAGE, BAD_TOKEN = 601, 522, 401
SLOW_SECONDS = 8


@dataclass(frozen=True, slots=True)
class Preset:
    """A mishap that a button adds."""

    label: str
    what: str
    mishap: Mishap


PRESETS = {
    "rate-limit": Preset(
        "Rate limit",
        "The next call is refused: too many requests (601), wait 10 s.",
        Refused(kind="status", status=TOO_MANY, wait_seconds=10),
    ),
    "outage": Preset(
        "Outage",
        "Every call fails in the front end (502), until this is taken back.",
        FrontEnd(kind="http", http_status=502, times=None),
    ),
    "slow": Preset(
        "Slow",
        f"The next five calls are answered {SLOW_SECONDS} s late.",
        Slow(kind="slow", seconds=SLOW_SECONDS, times=5),
    ),
    "lost-reply": Preset("Lost reply", "The next call is done, and its reply is lost.", Lost(kind="lost")),
    "lost-refresh": Preset(
        "Lost refresh",
        "The next refresh of a token is done, and its reply is lost.",
        Lost(kind="lost", action="requesttoken"),
    ),
    "broken": Preset("Broken connection", "The next call breaks, and nothing is done.", Cut(kind="cut")),
    "time-out": Preset(
        "Time-outs",
        "The next three calls time out at Withings (522).",
        Refused(kind="status", status=OUTAGE, times=3),
    ),
}

FAULTS = {
    "duplicate_notifications": ("Doubled notifications", "Each new notification is delivered twice."),
    "hold_notifications": ("Held notifications", "New notifications wait, until this is switched off."),
    "lose_notifications": ("Lost notifications", "New notifications are never delivered."),
    "old_access_token_survives": ("Lasting tokens", "A refreshed access token stays good to its end."),
}
"""Switches of ``Faults`` on the console; all of them are in the calls."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A fault, for the page."""

    name: str
    label: str
    what: str
    on: bool


def switches(sandbox: RunningSandbox) -> list[Switch]:
    """The faults, as they stand."""
    return [Switch(name, *words, on=getattr(sandbox.faults, name)) for name, words in FAULTS.items()]


def label_of(mishap: Mishap) -> str:
    """What a mishap is called: as its button, or by its kind."""
    known = next((preset.label for preset in PRESETS.values() if preset.mishap == mishap), None)
    return known or f"{mishap.kind}{f' of {mishap.action}' if mishap.action else ''}"


@router.post("/mishaps/{name}")
async def add(name: str, request: Request, sandbox: CurrentSandbox) -> Response:
    if name not in PRESETS:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no mishap called {name}.")
    sandbox.mishaps.add(PRESETS[name].mishap)
    return await _back(request)


@router.post("/calm")
async def calm(request: Request, sandbox: CurrentSandbox) -> Response:
    """Nothing goes wrong any more."""
    sandbox.mishaps.clear()
    put_faults(sandbox, sandbox.faults.model_copy(update=dict.fromkeys(FAULTS, False)))
    return await _back(request)


@router.post("/faults/{name}")
async def switch(name: str, request: Request, sandbox: CurrentSandbox) -> Response:
    if name not in FAULTS:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no switch called {name}.")
    put_faults(sandbox, sandbox.faults.model_copy(update={name: not getattr(sandbox.faults, name)}))
    return await _back(request)


async def _back(request: Request) -> Response:
    """To the person that was looked at."""
    person = str((await request.form()).get("person", ""))
    return RedirectResponse(f"/sandbox?person={person}" if person.isdecimal() else "/sandbox", 303)
