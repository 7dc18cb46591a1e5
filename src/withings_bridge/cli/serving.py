"""Servers: the bridge, the sandbox, or the one beside the other.

Ports are taken and lifespans run here rather than by Uvicorn, which answers a taken port or a silent
store with a traceback.
"""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import structlog
import typer
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.loops.auto import auto_loop_factory

from withings_bridge import logs
from withings_bridge.app import create_app
from withings_bridge.cli.heads import SmallHeads
from withings_bridge.cli.output import fail
from withings_bridge.cli.users import load_settings
from withings_bridge.domain.errors import BridgeError
from withings_bridge.settings import (
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
    Environment,
    Settings,
)
from withings_bridge.tracing.exporting import exported

if TYPE_CHECKING:
    from withings_bridge.sandbox import SandboxOptions

log = structlog.get_logger()

SANDBOX_GRACE_SECONDS = 2

LAST_REQUESTS_SECONDS = 0.05
"""What the kernel holds of requests already is still read and answered."""

LOOK_SECONDS = 0.05


class Server(uvicorn.Server):
    """Uvicorn that leaves the signals to ``_told_to_stop``, and takes leave before it ends."""

    def __init__(
        self, app: FastAPI, *, grace_seconds: float, drain_seconds: float = 0, level: str | None = None
    ) -> None:
        self._ending: asyncio.Event = app.state.ending
        self._drain_seconds = max(drain_seconds, LAST_REQUESTS_SECONDS)
        super().__init__(
            uvicorn.Config(
                _TakingLeave(app, self._ending),
                http=SmallHeads,
                lifespan="off",
                log_config=None,
                log_level=level,
                access_log=False,
                server_header=False,
                # Whom to believe is a setting of the app.
                proxy_headers=False,
                # We speak none, and the refusal of one would be logged with its query.
                ws="none",
                timeout_graceful_shutdown=max(1, round(grace_seconds)),
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Unlike Uvicorn alone, goes on answering for a while, so that whoever sends requests here learns to
        send them elsewhere; and tells what streams to end rather than wait for it in vain.
        """
        self._ending.set()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._drain_seconds
        while loop.time() < until and not self.force_exit:  # noqa: ASYNC110 - a signal handler sets it
            await asyncio.sleep(min(LOOK_SECONDS, self._drain_seconds))
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Unlike Uvicorn's own, hears none: lifespans before and after want them heard too."""
        yield


class _TakingLeave:
    """Once the server is ending, each answer closes its connection: the next request comes by another."""

    def __init__(self, app: ASGIApp, ending: asyncio.Event) -> None:
        self._app = app
        self._ending = ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_close(message: Message) -> None:
            if message["type"] == "http.response.start" and self._ending.is_set():
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await self._app(scope, receive, send_and_close)


def serve_bridge(*, host: str | None, port: int | None) -> None:
    """Serve until told to stop; with the sandbox beside it when there are no credentials."""
    given = {"host": host, "port": port}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    production = settings.environment is Environment.PRODUCTION
    logs.configure(json=production or logs.for_machines(), level=settings.log_level.number)
    if not settings.authenticates and not settings.loopback_only:
        log.warning(
            "ALLOW_UNAUTHENTICATED: whoever reaches this address can read health data", host=settings.host
        )
    if settings.use_sandbox and settings.model_fields_set & {"withings_api_url", "withings_auth_url"}:
        log.warning(
            "WITHINGS_API_URL and WITHINGS_AUTH_URL are unused: without WITHINGS_CLIENT_ID the sandbox serves"
        )
    # What is left of the traces goes out when all else has ended.
    with exported(os.environ, last_seconds=settings.shutdown_grace_seconds / 8):
        _run(_serve_bridge(settings))


def serve_sandbox(
    *,
    host: str,
    port: int,
    seed: int,
    days: int,
    people: int,
    auto_approve: bool,
    quota: int,
    page_size: int | None,
    state: Path | None,
) -> None:
    """Serve the pretend Withings alone."""
    from withings_bridge.sandbox import SandboxOptions

    logs.configure(json=logs.for_machines())
    options = SandboxOptions(
        client_id=os.environ.get("WITHINGS_CLIENT_ID") or SANDBOX_CLIENT_ID,
        client_secret=os.environ.get("WITHINGS_CLIENT_SECRET") or SANDBOX_CLIENT_SECRET,
        seed=seed,
        days=days,
        people=people,
        auto_approve=auto_approve,
        quota_per_minute=quota,
        page_size=page_size,
        state_path=state,
    )
    _run(_serve_sandbox(options, host, port))


def _run(serving: Coroutine[Any, Any, None]) -> None:
    try:
        # On uvloop where there is one, as Uvicorn would do by itself.
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(serving)
    except BridgeError as error:
        fail(str(error))


async def _serve_bridge(settings: Settings) -> None:
    """The sandbox starts first and ends last, so it is never missed."""
    app = create_app(settings)
    # Half for the answers that are under way, half for the turns.
    bridge = Server(
        app,
        grace_seconds=settings.shutdown_grace_seconds / 2,
        drain_seconds=settings.shutdown_drain_seconds,
    )
    async with AsyncExitStack() as stack:
        stack.enter_context(_told_to_stop(bridge))
        listening = stack.enter_context(_listening(settings.host, settings.port, "Set another PORT."))
        if settings.use_sandbox:
            await stack.enter_async_context(_sandbox_beside(settings))
        await stack.enter_async_context(app.router.lifespan_context(app))
        log.info("listening", url=f"http://{_shown(settings.host)}:{settings.port}/")
        # From here on garbage is looked for, but not among what was made so far.
        gc.freeze()
        gc.enable()
        await bridge.serve(sockets=[listening])


@asynccontextmanager
async def _sandbox_beside(settings: Settings) -> AsyncIterator[None]:
    from withings_bridge.sandbox import SandboxOptions, create_sandbox

    try:
        settings.sandbox_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        fail(
            f"SQLITE_PATH: the folder {settings.sandbox_path.parent} cannot be made: {error.strerror}", code=2
        )
    options = SandboxOptions(
        client_id=SANDBOX_CLIENT_ID,
        client_secret=SANDBOX_CLIENT_SECRET,
        quota_per_minute=settings.quota_per_minute,
        state_path=settings.sandbox_path,
    )
    app = create_sandbox(options)
    way_out = "The sandbox wants the port after the bridge's; set another PORT."
    with _listening("127.0.0.1", settings.sandbox_port, way_out) as listening:
        async with app.router.lifespan_context(app):
            sandbox = Server(app, grace_seconds=SANDBOX_GRACE_SECONDS, level="warning")
            serving = asyncio.create_task(sandbox.serve(sockets=[listening]))
            log.warning(
                "SANDBOX: no Withings credentials, so a pretend Withings runs beside the bridge",
                bridge=f"http://localhost:{settings.port}/",
                sandbox=f"{settings.sandbox_url}/sandbox",
            )
            try:
                yield
            finally:
                sandbox.should_exit = True
                await serving


async def _serve_sandbox(options: "SandboxOptions", host: str, port: int) -> None:
    from withings_bridge.sandbox import create_sandbox

    app = create_sandbox(options)
    sandbox = Server(app, grace_seconds=SANDBOX_GRACE_SECONDS, level="warning")
    base = f"http://{_shown(host)}:{port}"
    known = options.client_secret == SANDBOX_CLIENT_SECRET
    async with AsyncExitStack() as stack:
        stack.enter_context(_told_to_stop(sandbox))
        listening = stack.enter_context(_listening(host, port, "Choose another with --port."))
        await stack.enter_async_context(app.router.lifespan_context(app))
        log.info("SANDBOX: a pretend Withings, not the real one", people=f"{base}/sandbox")
        # Not logged: a log would mask the secret, which here is none.
        typer.echo(
            f"WITHINGS_API_URL={base}\n"
            f"WITHINGS_AUTH_URL={base}/oauth2_user/authorize2\n"
            f"WITHINGS_CLIENT_ID={options.client_id}\n"
            f"WITHINGS_CLIENT_SECRET={options.client_secret if known else '(yours)'}"
        )
        await sandbox.serve(sockets=[listening])


@contextmanager
def _told_to_stop(server: Server) -> Iterator[None]:
    """SIGINT and SIGTERM end the server at any moment of its life, and the process with 0."""

    def told(number: int, frame: FrameType | None) -> None:
        server.handle_exit(number, frame)

    before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _listening(host: str, port: int, way_out: str) -> Iterator[socket.socket]:
    """The port, taken; or the end with what is wrong and what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        taken = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        fail(f"Cannot listen on {_shown(host)}:{port}: {reason}. {way_out}")
    with taken:
        # Connections inherit it. asyncio sets it only on sockets that name their protocol, and without it
        # the second half of an answer waits 40 ms for the other side to confirm the first.
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield taken


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
