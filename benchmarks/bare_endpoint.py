"""What an acknowledgement is held against: a bare endpoint that parses the form and makes one write.

``python bare_endpoint.py PORT sqlite FILE``, or ``dynamodb ENDPOINT``. Nothing else is done: no log, no
check, no trail, no turn. On SQLite one thread writes and commits in groups with ``synchronous = FULL``, the
line of an announcement into a file that a bridge has made; on DynamoDB each post is an UpdateItem through
aioboto3. FastAPI and Uvicorn are as they come, with uvloop.
"""

import asyncio
import queue
import sqlite3
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Form
from fastapi.responses import PlainTextResponse

Write = Callable[[str, str], Awaitable[None]]
"""Add a window to an account's, durably."""

TABLE = "bare-accounts"


@asynccontextmanager
async def sqlite(path: str) -> AsyncIterator[Write]:
    """One thread with one connection, which commits in one transaction whatever waits."""
    waiting: queue.SimpleQueue[tuple[asyncio.Future[None], str, str] | None] = queue.SimpleQueue()
    loop = asyncio.get_running_loop()

    def answer(futures: list[asyncio.Future[None]]) -> None:
        for future in futures:
            if not future.done():
                future.set_result(None)

    def work() -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        while first := waiting.get():
            group = [first]
            while not waiting.empty() and (more := waiting.get()):
                group.append(more)
            connection.execute("BEGIN IMMEDIATE")
            for _, account, window in group:
                connection.execute(
                    "INSERT INTO announcements (userid, at, line) SELECT :userid, :now, :news"
                    " WHERE EXISTS (SELECT 1 FROM accounts WHERE userid = :userid)",
                    {"userid": account, "now": time.time_ns() // 1000, "news": window},
                )
            connection.execute("COMMIT")
            loop.call_soon_threadsafe(answer, [future for future, _, _ in group])
        connection.close()

    async def write(account: str, window: str) -> None:
        future = loop.create_future()
        waiting.put((future, account, window))
        await future

    writer = threading.Thread(target=work)
    writer.start()
    try:
        yield write
    finally:
        waiting.put(None)
        writer.join()


@asynccontextmanager
async def dynamodb(endpoint: str) -> AsyncIterator[Write]:
    """An UpdateItem for each, with the work and the due time in it."""
    import aioboto3  # type: ignore[import-untyped]  # it ships no types
    from aiobotocore.config import AioConfig

    config = AioConfig(max_pool_connections=50)
    async with aioboto3.Session().client("dynamodb", endpoint_url=endpoint, config=config) as client:

        async def write(account: str, window: str) -> None:
            await client.update_item(
                TableName=TABLE,
                Key={"userid": {"S": account}},
                UpdateExpression="SET due = if_not_exists(due, :now) ADD news :news, announced :one",
                ConditionExpression="attribute_exists(userid)",
                ExpressionAttributeValues={
                    ":now": {"N": str(time.time_ns() // 1000)},
                    ":news": {"SS": [window]},
                    ":one": {"N": "1"},
                },
            )

        yield write


STORES: dict[str, Callable[[str], AbstractAsyncContextManager[Write]]] = {
    "sqlite": sqlite,
    "dynamodb": dynamodb,
}


def bare(store: AbstractAsyncContextManager[Write]) -> FastAPI:
    """The app."""
    writes: list[Write] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with store as write:
            writes.append(write)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/", response_class=PlainTextResponse)
    async def acknowledge(
        userid: Annotated[str, Form()],
        appli: Annotated[int, Form()],  # noqa: ARG001 - parsed, as it would be
        startdate: Annotated[int, Form()],
        enddate: Annotated[int, Form()],
    ) -> str:
        await writes[0](userid, f"{startdate}-{enddate}")
        return "OK"

    return app


def main() -> None:
    port, kind, place = sys.argv[1:]
    app: Any = bare(STORES[kind](place))
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
