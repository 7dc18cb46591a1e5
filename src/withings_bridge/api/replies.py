"""What an endpoint may answer beside success, for the description of the API.

``responses=replies(*FOR_A_USER, NotLinked)`` documents the status of each error, with the sentence, the code
and the headers that the error itself leaves with. An endpoint lists all of its errors: of two dictionaries
for one status FastAPI keeps only the later.
"""

from collections import defaultdict
from typing import Any

from withings_bridge.api.errors import code_of, status_of
from withings_bridge.api.middleware import Refused
from withings_bridge.api.middleware.bodies import NOT_JSON, TOO_LARGE
from withings_bridge.api.schemas import ErrorReply, FieldProblem
from withings_bridge.domain.errors import (
    BridgeError,
    IdentityUnavailable,
    NotAuthenticated,
    NotYours,
    ScopeMissing,
    StorageUnavailable,
    TokenRefused,
    TooManyCalls,
    TwoProofs,
)

Failure = type[BridgeError] | BridgeError | Refused
"""A class stands for its usual sentence, an instance for its own."""

Replies = dict[int | str, dict[str, Any]]

_WRONG = FieldProblem(field="cognitoUserId", problem="String should have at most 128 characters")

INVALID = Refused(422, "invalid_request", f"{_WRONG.field}: {_WRONG.problem}")

CALLING: tuple[Failure, ...] = (
    TwoProofs,
    NotAuthenticated,
    TokenRefused,
    ScopeMissing,
    TooManyCalls,
    IdentityUnavailable,
    StorageUnavailable,
)
"""What can go wrong in any call that takes a known caller."""

FOR_A_USER: tuple[Failure, ...] = (*CALLING, NotYours, INVALID)
"""What can go wrong in any call about a user."""

SENDING: tuple[Failure, ...] = (Refused(*TOO_LARGE), Refused(*NOT_JSON), INVALID)
"""What can be wrong with a JSON body."""

_REQUEST_ID = "5f1d0c9a77e3b204"


def retry_after(seconds: int) -> dict[str, Any]:
    return {
        "Retry-After": {
            "description": "Seconds to wait before it is worth trying again.",
            "schema": {"type": "integer", "minimum": 1},
            "example": seconds,
        }
    }


_HEADERS: dict[int, dict[str, Any]] = {
    401: {
        "WWW-Authenticate": {
            "description": "Sent when it is not known who is calling.",
            "schema": {"type": "string"},
            "example": "Bearer",
        }
    },
    429: retry_after(7),
    503: retry_after(10),
}


def replies(*failures: Failure) -> Replies:
    """FastAPI's ``responses`` for these errors, one reply a status."""
    by_status: dict[int, dict[str, str]] = defaultdict(dict)
    for failure in failures:
        status, code, sentence = _told(failure() if isinstance(failure, type) else failure)
        by_status[status].setdefault(code, sentence)
    return {status: _reply(status, by_status[status]) for status in sorted(by_status)}


def _told(failure: BridgeError | Refused) -> tuple[int, str, str]:
    if isinstance(failure, Refused):
        return failure.status_code, failure.code, failure.detail
    return status_of(failure), code_of(failure), str(failure)


def _reply(status: int, sentences: dict[str, str]) -> dict[str, Any]:
    # The content is spelt out: ``model`` would take the media type of the success, which may be text.
    content = {
        "schema": {"$ref": f"#/components/schemas/{ErrorReply.__name__}"},
        "examples": {
            code: {"summary": code.replace("_", " ").capitalize(), "value": _body(code, sentence)}
            for code, sentence in sentences.items()
        },
    }
    reply = {"description": _description(sentences), "content": {"application/json": content}}
    return reply | ({"headers": _HEADERS[status]} if status in _HEADERS else {})


def _description(sentences: dict[str, str]) -> str:
    if INVALID.code in sentences:
        return "The request does not make sense; it says where."
    told = [f"`{code}`: {sentence}" for code, sentence in sentences.items()]
    return told[0] if len(told) == 1 else "\n".join(f"- {one}" for one in told)


def _body(code: str, sentence: str) -> dict[str, Any]:
    detail = [_WRONG] if code == INVALID.code else None
    return ErrorReply(error=sentence, code=code, detail=detail, request_id=_REQUEST_ID).content
