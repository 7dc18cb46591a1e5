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

log = structlog.get_logger()

PATH = "/webhook/withings"
MOST_FIELDS = 50

WRONG_ADDRESS = (403, "address_refused", "Notifications are taken from Withings' addresses alone.")
WRONG_SECRET = (403, "secret_refused", "The secret in the callback URL is wrong or missing.")
OK: Replies = {200: {"content": {"text/plain": {"example": "OK"}}}}
BROKEN_OFF = (400, "incomplete", "The body broke off.")


@dataclass(frozen=True, slots=True)
class CallbackSecret:
    """The secret that the callback URL carries, where one is configured."""

    accepted: Sequence[str]
    accept_bare: bool

    async def check(self, request: Request) -> None:
        """Raise 403 for a wrong secret, or none where one is wanted. The time it takes tells nothing."""
        if not self.accepted:
            return
        given = request.query_params.get("secret")
        if given is None and self.accept_bare:
            return
        offered = (given or "").encode()
        if sum(hmac.compare_digest(offered, secret.encode()) for secret in self.accepted) == 0:
            raise Refused(*WRONG_SECRET)


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
        response_class=PlainTextResponse,
        responses=OK | replies(Refused(*WRONG_ADDRESS), Refused(*WRONG_SECRET)),
    )
    async def probe() -> str:
        """Withings asks this before it subscribes a callback URL. Changes nothing."""
        return "OK"

    @router.post(
        PATH,
        operation_id="receive_notification",
        response_class=PlainTextResponse,
        openapi_extra={"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": _FORM}}}},
        responses=OK
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
    ) -> str:
        """Takes a notification: durable when it is answered, fetched from Withings right after.

        Fields come in the form or in the query. What makes no sense, or names an account that is not
        linked, is answered with 200 too, since Withings would only repeat it.
        """
        if account := await services.receiving.receive(dict(request.query_params) | form):
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


_FORM = {
    "type": "object",
    "properties": {
        "userid": {"type": "string", "description": "Withings' id of the person.", "example": "12345678"},
        "appli": {"type": "string", "description": "Notification category.", "example": "1"},
        "startdate": {"type": "string", "description": "Epoch seconds.", "example": "1700000000"},
        "enddate": {"type": "string", "description": "Epoch seconds.", "example": "1700000001"},
        "date": {"type": "string", "description": "YYYY-MM-DD or epoch seconds.", "example": "2026-01-15"},
        "deviceid": {"type": "string", "description": "For bed events."},
        "action": {"type": "string", "description": "For appli 46.", "example": "unlink"},
    },
}
