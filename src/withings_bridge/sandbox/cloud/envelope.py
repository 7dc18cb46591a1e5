"""Withings' reply form: HTTP 200 and a status of its own inside, for success and failure alike."""

from typing import Any

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


def success(body: JsonObject) -> JSONResponse:
    return JSONResponse({"status": 0, "body": body})


def failure(refusal: Refusal) -> JSONResponse:
    return JSONResponse({"status": refusal.status, "body": refusal.body, "error": refusal.text})
