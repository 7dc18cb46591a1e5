"""Where Withings posts its notifications: stored, acknowledged at once, worked off afterwards."""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, BackgroundTasks, Depends, Request
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from withings_bridge.api.dependencies import TheServices
from withings_bridge.api.middleware import Refused
from withings_bridge.api.middleware.bodies import TOO_LARGE
from withings_bridge.api.replies import Replies, replies
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.notifications import APPLIS

log = structlog.get_logger()

PATH = "/webhook/withings"
MOST_FIELDS = 50

WRONG_ADDRESS = (403, "address_refused", "Notifications are taken from Withings' addresses alone.")
WRONG_SECRET = (403, "secret_refused", "The secret in the callback URL is wrong or missing.")
BROKEN_OFF = (400, "incomplete", "The body broke off.")

_OK: Replies = {200: {"description": "Always `OK`.", "content": {"text/plain": {"example": "OK"}}}}

_FORM = {
    "type": "object",
    "properties": {
        "userid": {"type": "string", "description": "Withings' id of the person."},
        "appli": {
            "type": "string",
            "description": "What it is about. "
            + "; ".join(f"{appli.number}: {appli.description}" for appli in APPLIS.values())
            + ".",
        },
        "startdate": {"type": "string", "description": "Begin of the window, in epoch seconds."},
        "enddate": {"type": "string", "description": "Its end, in epoch seconds."},
        "date": {
            "type": "string",
            "description": "For activity: its day, as YYYY-MM-DD or epoch seconds. For bed events: when, in "
            "epoch seconds.",
        },
        "deviceid": {"type": "string", "description": "For bed events: of which device."},
        "action": {"type": "string", "description": "For appli 46: `update`, `unlink` or `delete`."},
    },
}

_NOTIFICATION = {
    "requestBody": {
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": _FORM,
                "examples": {
                    "weight": {
                        "summary": "Somebody stepped on a scale.",
                        "value": {
                            "userid": "12345678",
                            "appli": "1",
                            "startdate": "1768462241",
                            "enddate": "1768462242",
                        },
                    },
                    "activity": {
                        "summary": "A tracker brought a day.",
                        "value": {"userid": "12345678", "appli": "16", "date": "2026-01-15"},
                    },
                    "into bed": {
                        "summary": "Somebody got into bed, which is stored as told.",
                        "value": {
                            "userid": "12345678",
                            "appli": "50",
                            "deviceid": "0123abcd",
                            "date": "1768462241",
                        },
                    },
                    "unlink": {
                        "summary": "Somebody took the access away, it says; Withings is asked.",
                        "value": {"userid": "12345678", "appli": "46", "action": "unlink"},
                    },
                },
            }
        }
    }
}

announced = APIRouter(tags=["webhook"])
"""The notification once more, as what Withings sends: for the description, under ``webhooks``."""


@announced.post(
    "notification",
    operation_id="notification",
    summary="Something changed at Withings",
    response_class=PlainTextResponse,
    openapi_extra=_NOTIFICATION,
    responses=_OK,
)
def _notification() -> str:
    """Posted to the callback URL, which the bridge gives to Withings when it subscribes.

    Withings repeats what is not answered with 200 within two seconds.
    """
    return "OK"  # pragma: no cover - described, never served


@dataclass(frozen=True, slots=True)
class CallbackSecret:
    """The secret that the callback URL carries, where one is configured."""

    accepted: Sequence[str]
    accept_bare: bool

    async def check(self, request: Request) -> bool:
        """Whether the call carried the secret. Raises 403 for a wrong one, or for none where one is wanted.

        The time it takes tells nothing.
        """
        if not self.accepted:
            return False
        given = request.query_params.get("secret")
        if given is None and self.accept_bare:
            return False
        offered = (given or "").encode()
        if sum(hmac.compare_digest(offered, secret.encode()) for secret in self.accepted) == 0:
            raise Refused(*WRONG_SECRET)
        return True


@dataclass(frozen=True, slots=True)
class CallingAddress:
    """The address that is calling, where only some may."""

    allow: Callable[[str], bool]

    async def check(self, request: Request) -> None:
        """Raise 403 for an address that may not call."""
        address = request.client.host if request.client else ""
        if not self.allow(address):
            # Most often it is a proxy that TRUSTED_PROXIES does not name.
            log.warning("webhook called from an address that is not Withings'", address=address)
            raise Refused(*WRONG_ADDRESS)


def webhook_router(secret: CallbackSecret, address: CallingAddress | None = None) -> APIRouter:
    """The endpoint, guarded by the secret, and by the address where one is asked for."""
    guards = [Depends(address.check)] if address else []
    router = APIRouter(tags=["webhook"], dependencies=[*guards, Depends(secret.check)])

    @router.head(PATH, include_in_schema=False, response_class=PlainTextResponse)
    @router.get(
        PATH,
        operation_id="probe_webhook",
        summary="Answer a probe",
        response_class=PlainTextResponse,
        responses=_OK | replies(Refused(*WRONG_ADDRESS), Refused(*WRONG_SECRET)),
    )
    async def probe() -> str:
        """Withings asks this before it subscribes a callback URL. Changes nothing."""
        return "OK"

    @router.post(
        PATH,
        operation_id="receive_notification",
        summary="Take a notification",
        response_class=PlainTextResponse,
        openapi_extra=_NOTIFICATION,
        responses=_OK
        | replies(
            Refused(*BROKEN_OFF),
            Refused(*WRONG_ADDRESS),
            Refused(*WRONG_SECRET),
            Refused(*TOO_LARGE),
            StorageUnavailable,
        ),
    )
    async def receive(
        request: Request,
        background: BackgroundTasks,
        services: TheServices,
        form: Annotated[dict[str, str], Depends(_form)],
        confirmed: Annotated[bool, Depends(secret.check)],
    ) -> str:
        """Takes a notification: durable when it is answered, fetched from Withings right after.

        Fields come in the form or in the query. What makes no sense, or names an account that is not
        linked, is answered with 200 too, since Withings would only repeat it.
        """
        fields = dict(request.query_params) | form
        if account := await services.receiving.receive(fields, confirmed=confirmed):
            background.add_task(services.working.work_off, account)
        return "OK"

    return router


async def _form(request: Request) -> dict[str, str]:
    """The posted fields.

    Parsed without a form library: it is the hottest path, and a body that is no form is simply empty.
    """
    try:
        body = await request.body()
    except ClientDisconnect:
        # Nobody reads this answer, but it is no bug of ours either.
        raise Refused(*BROKEN_OFF) from None
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}
