"""The page where a person plays with the sandbox: forms, no scripts."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from withings_bridge.sandbox.control.asked import CurrentDoer
from withings_bridge.sandbox.control.people import shown
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.seeding.groups import ATTRIB_DEVICE
from withings_bridge.sandbox.templating import page

router = APIRouter(prefix="/sandbox", include_in_schema=False)
forms = APIRouter(prefix="/sandbox/console/{userid}", include_in_schema=False)

_SHOWN = 12

Kilograms = Annotated[float, Form(gt=0, lt=1000)]
Percent = Annotated[float | None, Form(gt=0, lt=100)]
Pulse = Annotated[float | None, Form(gt=0, lt=300)]
Pressure = Annotated[float, Form(gt=0, lt=400)]


@router.get("")
async def show(request: Request, sandbox: CurrentSandbox) -> Response:
    deliveries = sandbox.world.deliveries.all(limit=_SHOWN)
    return page(
        request,
        "console.html",
        {
            "now": sandbox.clock.now(),
            "people": [shown(sandbox, person) for person in sandbox.world.people.all()],
            "mishaps": sandbox.mishaps.all(),
            "requests": sandbox.journal.last(_SHOWN),
            "deliveries": [(delivery, urlsplit(delivery.url).netloc) for delivery in reversed(deliveries)],
        },
    )


@forms.post("/weigh")
async def weigh(
    doer: CurrentDoer, kg: Kilograms, fat_percent: Percent = None, pulse: Pulse = None
) -> Response:
    doer.weigh(kg, fat_percent=fat_percent, pulse=pulse, at=None, attrib=ATTRIB_DEVICE)
    return _back()


@forms.post("/take-pressure")
async def take_pressure(
    doer: CurrentDoer, systolic: Pressure, diastolic: Pressure, pulse: Pulse = None
) -> Response:
    doer.take_pressure(systolic, diastolic, pulse=pulse, at=None, attrib=ATTRIB_DEVICE)
    return _back()


@forms.post("/sleep")
async def sleep(doer: CurrentDoer, hours: Annotated[float, Form(gt=0, le=24)]) -> Response:
    doer.sleep(start=None, hours=hours)
    return _back()


@forms.post("/walk")
async def walk(doer: CurrentDoer, steps: Annotated[int, Form(ge=0)]) -> Response:
    doer.walk(steps, day=None, phone=False)
    return _back()


@forms.post("/unlink")
async def unlink(doer: CurrentDoer) -> Response:
    doer.leave("unlink")
    return _back()


def _back() -> Response:
    return RedirectResponse("/sandbox", status_code=303)
