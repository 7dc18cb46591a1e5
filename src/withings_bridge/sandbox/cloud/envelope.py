"""Withings' reply form: HTTP 200 and a status of its own inside, for success and failure alike."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

from fastapi.responses import JSONResponse

JsonObject = dict[str, Any]

BAD_TOKEN = 401
NO_SCOPE = 403
NO_SUBSCRIPTION = 286
CALLBACK_REFUSED = 293
NOTHING_DELETED = 294
COMMENT_REFUSED = 304
BAD_SIGNATURE, BAD_NONCE = 342, 343
BAD_PARAMETERS = 503
TIMED_OUT = 522
THROTTLED = 601
NOT_IMPLEMENTED = 2554

TOO_MANY_REQUESTS = "Too Many Requests"
SAME_ARGUMENTS = "Same arguments in less than 10 seconds"


class Refusal(Exception):
    """Withings says no: a status, a text, and at times a hint in the body."""

    def __init__(self, status: int, text: str, body: JsonObject | None = None) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text
        self.body = body or {}


def invalid_params(name: str) -> Refusal:
    """The refusal of one bad or missing parameter, in the wording of recorded replies."""
    return Refusal(BAD_PARAMETERS, f"Invalid Params: invalid {name}")


def bad_token() -> Refusal:
    return Refusal(BAD_TOKEN, "XRequestID: Not provided invalid_token: The access token provided is invalid")


def throttled(text: str, wait_seconds: int) -> Refusal:
    return Refusal(THROTTLED, text, {"wait_seconds": wait_seconds})


@dataclass(frozen=True, slots=True)
class Envelope:
    """One reply, before it is written out."""

    status: int | None
    """0 is success; None stands for no reply at all."""
    body: JsonObject = field(default_factory=dict)
    error: str = ""

    @classmethod
    def of(cls, refusal: Refusal) -> Self:
        return cls(refusal.status, refusal.body, refusal.text)

    def with_body(self, body: JsonObject) -> Self:
        return replace(self, body=body)

    def response(self) -> JSONResponse:
        content: JsonObject = {"status": self.status, "body": self.body}
        return JSONResponse(content if self.status == 0 else content | {"error": self.error})
