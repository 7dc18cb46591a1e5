"""What a request handler may ask for."""

from typing import Annotated

from fastapi import Depends, Request

from withings_bridge.sandbox.running import RunningSandbox


async def _current_sandbox(request: Request) -> RunningSandbox:
    sandbox = request.app.state.sandbox
    if not isinstance(sandbox, RunningSandbox):
        raise TypeError("the sandbox serves requests only while its lifespan runs")
    return sandbox


CurrentSandbox = Annotated[RunningSandbox, Depends(_current_sandbox)]
