"""``withings-bridge serve`` that acknowledges notifications and works none of them off.

So the acknowledgement is measured alone: each turn after it costs calls to Withings and further writes, for
the bridge as for whatever it is held against, and takes its share of the machine. All else is as ever.
"""

import asyncio
from typing import Any

from withings_bridge.cli.serving import serve_bridge
from withings_bridge.services.inbox.working import Working


async def _until_stopped(_: Working, stop: asyncio.Event, **__: Any) -> None:
    await stop.wait()


async def _left(_: Working, __: str) -> None:
    """Nothing: the work stays where the acknowledgement put it."""


def main() -> None:
    Working.run = _until_stopped  # type: ignore[assignment,method-assign]  # as said above
    Working.work_off = _left  # type: ignore[assignment,method-assign]
    serve_bridge(host=None, port=None)


if __name__ == "__main__":
    main()
