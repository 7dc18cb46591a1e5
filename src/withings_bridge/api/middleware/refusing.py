"""An error that leaves before any endpoint was reached, in the shape that every error has."""

from starlette.responses import JSONResponse
from starlette.types import Message, Scope, Send

from withings_bridge.api.middleware.requests import request_id
from withings_bridge.api.schemas import ErrorReply


async def refuse(scope: Scope, send: Send, status: int, code: str, error: str) -> None:
    """Answer with an error; the request's body is not read."""
    reply = ErrorReply(error=error, code=code, request_id=request_id(scope))
    await JSONResponse(reply.content, status_code=status)(scope, _nothing_more, send)


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}
