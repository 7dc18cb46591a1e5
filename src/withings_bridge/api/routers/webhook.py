"""Where Withings posts its notifications: stored, acknowledged at once, worked off afterwards."""

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from starlette.background import BackgroundTask
from starlette.types import Receive, Scope, Send

from withings_bridge.api.middleware import Refused
from withings_bridge.api.middleware.bodies import TOO_LARGE
from withings_bridge.api.replies import Replies, replies
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.notifications import APPLIS
from withings_bridge.services import Services

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

    def check(self, query: Mapping[str, str]) -> bool:
        """Whether the call carried the secret. Raises 403 for a wrong one, or for none where one is wanted.

        The time it takes tells nothing.
        """
        if not self.accepted:
            return False
        given = query.get("secret")
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

    def check(self, request: Request) -> None:
        """Raise 403 for an address that may not call."""
        address = request.client.host if request.client else ""
        if not self.allow(address):
            # Most often it is a proxy that TRUSTED_PROXIES does not name.
            log.warning("webhook called from an address that is not Withings'", address=address)
            raise Refused(*WRONG_ADDRESS)


class _AtOnce(APIRoute):
    """A route whose function takes the request and gives the answer: FastAPI describes it, and does no more.

    Finding out what an endpoint depends on, and keeping a place for what depends on the request, takes longer
    than all that this one does. Errors are answered by the app, as everybody's are.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        endpoint: Callable[[Request], Awaitable[Response]] = self.endpoint

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive))
            await response(scope, receive, send)

        self.app = answer


def add_webhook(router: APIRouter, secret: CallbackSecret, address: CallingAddress | None = None) -> None:
    """Add the endpoint, guarded by the secret, and by the address where one is asked for.

    Best before all others and to the router of the app itself: routes are looked through in their order.
    """

    def guarded(request: Request, query: Mapping[str, str]) -> bool:
        if address:
            address.check(request)
        return secret.check(query)

    async def receive(request: Request) -> Response:
        """Takes a notification: durable when it is answered, fetched from Withings right after.

        Fields come in the form or in the query. What makes no sense, or names an account that is not
        linked, is answered with 200 too, since Withings would only repeat it.
        """
        query = _query(request)
        confirmed = guarded(request, query)
        services: Services = request.app.state.services
        fields = query | await _form(request.receive)
        account = await services.receiving.receive(fields, confirmed=confirmed)
        return PlainTextResponse(
            "OK", background=BackgroundTask(services.working.work_off, account) if account else None
        )

    async def probe(request: Request) -> Response:
        """Withings asks this before it subscribes a callback URL. Changes nothing."""
        guarded(request, _query(request))
        return PlainTextResponse("OK")

    router.add_api_route(
        PATH,
        receive,
        methods=["POST"],
        tags=["webhook"],
        operation_id="receive_notification",
        summary="Take a notification",
        response_class=PlainTextResponse,
        response_model=None,
        openapi_extra=_NOTIFICATION,
        responses=_OK
        | replies(
            Refused(*BROKEN_OFF),
            Refused(*WRONG_ADDRESS),
            Refused(*WRONG_SECRET),
            Refused(*TOO_LARGE),
            StorageUnavailable,
        ),
        route_class_override=_AtOnce,
    )
    router.add_api_route(
        PATH,
        probe,
        methods=["GET"],
        tags=["webhook"],
        operation_id="probe_webhook",
        summary="Answer a probe",
        response_class=PlainTextResponse,
        response_model=None,
        responses=_OK | replies(Refused(*WRONG_ADDRESS), Refused(*WRONG_SECRET)),
        route_class_override=_AtOnce,
    )
    router.add_route(PATH, probe, methods=["HEAD"], include_in_schema=False)


async def _form(receive: Receive) -> dict[str, str]:
    """The posted fields. A body that is no form is simply empty."""
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            # Nobody reads this answer, but it is no bug of ours either.
            raise Refused(*BROKEN_OFF)
        body += message.get("body", b"")
        more = message.get("more_body", False)
    try:
        return fields_of(body.decode("utf-8", "replace"))
    except ValueError:
        return {}


def _query(request: Request) -> dict[str, str]:
    """What stands in the URL."""
    return fields_of(request.scope["query_string"].decode("latin-1"), blank=True, most=None)


def fields_of(text: str, *, blank: bool = False, most: int | None = MOST_FIELDS) -> dict[str, str]:
    """The fields of a form, the last of each name; with ``blank`` those that are empty too. Raises ValueError
    for too many of them.

    Most have nothing escaped. A library takes longer to find out than all else that reads a notification.
    """
    if "%" in text or "+" in text:
        return dict(parse_qsl(text, keep_blank_values=blank, max_num_fields=most))
    pairs = text.split("&")
    if most is not None and len(pairs) > most:
        raise ValueError("more fields than a notification has")
    fields = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if value or (blank and pair):
            fields[name] = value
    return fields
