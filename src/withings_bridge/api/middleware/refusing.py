"""An error that leaves before any endpoint was reached, in the shape that every error has."""

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import Message, Scope, Send

from withings_bridge.api.middleware.requests import request_id
from withings_bridge.api.schemas import ErrorReply


class Refused(HTTPException):
    """The edge itself does not take this request."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message)
        self.code = code


async def refuse(scope: Scope, send: Send, refused: Refused) -> None:
    """Answer with an error; the request's body is not read."""
    reply = ErrorReply(error=refused.detail, code=refused.code, request_id=request_id(scope))
    await JSONResponse(reply.content, status_code=refused.status_code)(scope, _nothing_more, send)


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}
