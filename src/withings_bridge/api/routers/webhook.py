"""Where Withings posts its notifications: stored, acknowledged at once, worked off afterwards."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, BackgroundTasks, Depends, Request
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from withings_bridge.api.dependencies import TheServices
from withings_bridge.api.middleware import Refused
from withings_bridge.api.schemas import ErrorReply

PATH = "/webhook/withings"
MOST_FIELDS = 50


@dataclass(frozen=True, slots=True)
class CallbackSecret:
    """The secret that the callback URL carries, where one is configured."""

    accepted: Sequence[str]
    accept_bare: bool

    def check(self, request: Request) -> None:
        """Raise 403 for a wrong secret, or none where one is wanted. The time it takes tells nothing."""
        if not self.accepted:
            return
        given = request.query_params.get("secret")
        if given is None and self.accept_bare:
            return
        offered = (given or "").encode()
        if sum(hmac.compare_digest(offered, secret.encode()) for secret in self.accepted) == 0:
            raise Refused(403, "secret_refused", "The secret in the callback URL is wrong or missing.")


def webhook_router(secret: CallbackSecret) -> APIRouter:
    """The endpoint, guarded by the secret."""
    router = APIRouter(
        tags=["webhook"],
        dependencies=[Depends(secret.check)],
        responses={403: _refusal("The secret in the callback URL is wrong or missing.")},
    )

    @router.head(PATH, include_in_schema=False, response_class=PlainTextResponse)
    @router.get(PATH, operation_id="probe_webhook", response_class=PlainTextResponse)
    async def probe() -> str:
        """Withings asks this before it subscribes a callback URL. Changes nothing."""
        return "OK"

    @router.post(
        PATH,
        operation_id="receive_notification",
        response_class=PlainTextResponse,
        openapi_extra={"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": _FORM}}}},
        responses={
            413: _refusal("Larger than any notification."),
            503: _refusal("It could not be stored; Withings delivers it again."),
        },
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
        raise Refused(400, "incomplete", "The body broke off.") from None
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


def _refusal(description: str) -> dict[str, Any]:
    """Errors are JSON here too; ``model`` would say that they are text, as the other replies are."""
    schema = {"$ref": f"#/components/schemas/{ErrorReply.__name__}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


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
