"""Servers: the bridge, the sandbox, or the one beside the other."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import structlog
import uvicorn

from withings_bridge import logs
from withings_bridge.app import create_app
from withings_bridge.cli.output import fail
from withings_bridge.cli.users import load_settings
from withings_bridge.sandbox import SandboxOptions, create_sandbox
from withings_bridge.settings import (
    LOOPBACK,
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
    Environment,
    Settings,
)

log = structlog.get_logger()


class Server(uvicorn.Server):
    """Uvicorn that ends with 0 when it is told to end, and leaves the signals to one of two."""

    def __init__(self, config: uvicorn.Config, *, listens_to_signals: bool = True) -> None:
        super().__init__(config)
        self._listens_to_signals = listens_to_signals

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Unlike Uvicorn's own, does not raise the signal again once the server has stopped."""
        if not self._listens_to_signals:
            yield
            return
        before = {number: signal.signal(number, self._told) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _told(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)


def serve_bridge(*, host: str | None, port: int | None) -> None:
    """Serve until told to stop; with the sandbox beside it when there are no credentials."""
    given = {"host": host, "port": port}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    logs.configure(json=settings.environment is Environment.PRODUCTION)
    if settings.allow_unauthenticated and settings.host not in LOOPBACK:
        log.warning(
            "ALLOW_UNAUTHENTICATED: whoever reaches this address can read health data", host=settings.host
        )
    try:
        app = create_app(settings)
    except ValueError as error:
        fail(f"The environment is not right:\nTOKEN_ENCRYPTION_KEYS: {error}", code=2)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_grace_seconds)),
    )
    started = asyncio.run(_serve_both(settings, Server(config)))
    if not started:
        raise SystemExit(1)


def serve_sandbox(
    *,
    host: str,
    port: int,
    seed: int,
    days: int,
    people: int,
    auto_approve: bool,
    state: Path | None,
) -> None:
    """Serve the pretend Withings alone."""
    logs.configure(json=False)
    options = SandboxOptions(
        client_id=os.environ.get("WITHINGS_CLIENT_ID") or SANDBOX_CLIENT_ID,
        client_secret=os.environ.get("WITHINGS_CLIENT_SECRET") or SANDBOX_CLIENT_SECRET,
        seed=seed,
        days=days,
        people=people,
        auto_approve=auto_approve,
        state_path=state,
    )
    base = f"http://{host}:{port}"
    known = options.client_secret == SANDBOX_CLIENT_SECRET
    log.info(
        "SANDBOX: a pretend Withings, not the real one",
        WITHINGS_API_URL=base,
        WITHINGS_AUTH_URL=f"{base}/oauth2_user/authorize2",
        WITHINGS_CLIENT_ID=options.client_id,
        WITHINGS_CLIENT_SECRET=options.client_secret if known else "(yours)",
        people=f"{base}/sandbox",
    )
    server = Server(_sandbox_config(options, host, port))
    asyncio.run(server.serve())
    if not server.started:
        raise SystemExit(1)


async def _serve_both(settings: Settings, bridge: Server) -> bool:
    """Serve; whether it ever came up. The sandbox starts first and ends last, so it is never missed."""
    if not settings.use_sandbox:
        await bridge.serve()
        return bridge.started
    settings.sandbox_path.parent.mkdir(parents=True, exist_ok=True)
    options = SandboxOptions(
        client_id=SANDBOX_CLIENT_ID, client_secret=SANDBOX_CLIENT_SECRET, state_path=settings.sandbox_path
    )
    sandbox = Server(_sandbox_config(options, "127.0.0.1", settings.sandbox_port), listens_to_signals=False)
    beside = asyncio.create_task(sandbox.serve())
    while not (sandbox.started or beside.done()):  # noqa: ASYNC110 - Uvicorn tells it by an attribute
        await asyncio.sleep(0.01)
    if beside.done():
        log.error("the sandbox cannot start; is its port in use?", port=settings.sandbox_port)
        return False
    log.warning(
        "SANDBOX: no Withings credentials, so a pretend Withings runs beside the bridge",
        bridge=f"http://localhost:{settings.port}/",
        sandbox=f"{settings.sandbox_url}/sandbox",
    )
    try:
        await bridge.serve()
    finally:
        sandbox.should_exit = True
        await beside
    return bridge.started


def _sandbox_config(options: SandboxOptions, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        create_sandbox(options),
        host=host,
        port=port,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
