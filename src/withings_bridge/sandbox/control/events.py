"""Tells a page that is looked at when anything happens in the pretend cloud: server-sent events."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.sse import EventSourceResponse

from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.running import RunningSandbox

router = APIRouter(prefix="/sandbox", tags=["cloud"])

STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
}

LOOK_SECONDS = 0.2
IDLE_LOOKS = 75
"""After so many looks without news a comment is sent, or whoever left would be looked for in vain."""


@router.get("/events", response_class=Response, responses=STREAM)
async def watch(request: Request, sandbox: CurrentSandbox) -> Response:
    """An event `news` whenever anything has happened: a call, a notification, a deed, a switch. What it was,
    the other calls tell. Ends with the sandbox.
    """
    ending: asyncio.Event = request.app.state.ending
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return EventSourceResponse(news(sandbox, ending), headers=headers)


async def news(sandbox: RunningSandbox, ending: asyncio.Event) -> AsyncGenerator[str, None]:
    """What is sent: only that something happened, since who asks anew sees what it was."""
    seen, quiet = sandbox.version, 0
    yield "retry: 1000\n\n"
    while not ending.is_set():
        await asyncio.sleep(LOOK_SECONDS)
        quiet += 1
        if (version := sandbox.version) != seen:
            seen, quiet = version, 0
            yield "event: news\ndata: {}\n\n"
        elif quiet >= IDLE_LOOKS:
            quiet = 0
            yield ": here\n\n"
