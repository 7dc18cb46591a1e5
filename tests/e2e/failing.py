"""A bridge as its tests start it: by a clock that they move, and mortal at each named step.

Production code has no switch for this. The steps below are wrapped from outside, in this process
alone, before the command line takes over.
"""

import asyncio
import functools
import importlib
import inspect
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from e2e.levers import MovableClock, Trap
from withings_bridge import app, logs
from withings_bridge.cli import main, serving
from withings_bridge.domain.records import Kind
from withings_bridge.services.inbox.working import Working
from withings_bridge.services.links.tokens import Tokens
from withings_bridge.services.pacing import Pacing
from withings_bridge.storage.dynamodb import account_item
from withings_bridge.storage.dynamodb import accounts as dynamo_accounts
from withings_bridge.withings import WithingsClient, WithingsOAuth

CLOCK = "TEST_CLOCK"
TRAP = "TEST_TRAP"
LOOK = "TEST_LOOK"
TIMEOUT = "TEST_TIMEOUT"

NOTICED_WITHIN = 0.02
"""Seconds after which a sleeper knows that the clock was moved."""

Arguments = dict[str, Any]

_BACKENDS = (("sqlite", "Sqlite"), ("dynamodb", "Dynamo"))
_SERVICES = "withings_bridge.services"
_CLIENT = "withings_bridge.withings.client:WithingsClient"


def in_stores(protocol: str, method: str) -> tuple[str, ...]:
    """A method of one of the protocols in ``storage/base``, in both backends."""
    return tuple(
        f"withings_bridge.storage.{package}.{protocol.lower()}:{prefix}{protocol}.{method}"
        for package, prefix in _BACKENDS
    )


def _always(_: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a walk: the calls that make it, as ``module:Class.method``."""

    name: str
    calls: tuple[str, ...]
    of: Callable[[Arguments], bool] = _always
    """Which calls count, by their arguments."""
    counts: Callable[[Any], bool] = _always
    """After which results a passing counts as made."""
    often: bool = False
    """Whether a walk passes it several times."""


def _saves(arguments: Arguments) -> bool:
    records = arguments["records"]
    return bool(records) and any(record.kind is not Kind.HEIGHT for record in records)


def _writes(arguments: Arguments) -> bool:
    return bool(arguments["rows"] or arguments["gone"])


LINK = (
    Step("state spent", in_stores("Ephemera", "take")),
    Step("code exchanged", ("withings_bridge.withings.oauth:WithingsOAuth.exchange",)),
    Step("joined", in_stores("Links", "join")),
    Step("subscriptions listed", (f"{_CLIENT}.subscriptions",)),
    Step("subscribed", (f"{_CLIENT}.subscribe",), often=True),
)
NOTIFICATION = (
    Step("acknowledged", (f"{_SERVICES}.inbox.receiving:Receiving.receive",), often=True),
    Step("begun", (f"{_SERVICES}.inbox.working:Working.work_off",), often=True),
)
TURN = (
    Step(
        "claimed",
        in_stores("Accounts", "claim_one") + in_stores("Accounts", "claim"),
        counts=bool,
        often=True,
    ),
    Step("call booked", in_stores("Ephemera", "swap"), often=True),
    Step(
        "fetched",
        tuple(f"{_CLIENT}.{name}" for name in ("measures", "activity", "sleep_summaries", "workouts")),
        often=True,
    ),
    Step("records saved", in_stores("Records", "save"), of=_saves, often=True),
    Step("rows written", in_stores("Vitals", "write"), of=_writes, often=True),
    Step("push noted", in_stores("Links", "pushed")),
    Step(
        "gateway told",
        tuple(f"{_SERVICES}.sync.publishing:{gateway}.publish" for gateway in ("NoGateway", "HttpGateway")),
    ),
    Step("tombstones written", in_stores("Records", "save"), of=lambda asked: bool(asked["removed"])),
    Step("settled", in_stores("Accounts", "change"), of=lambda asked: bool(asked["holder"]), often=True),
)
REFRESH = (
    Step("refresh locked", in_stores("Ephemera", "acquire"), counts=bool),
    Step("refresh answered", ("withings_bridge.withings.oauth:WithingsOAuth.refresh",)),
    Step("pair saved", in_stores("Links", "replace_pair")),
    Step("refresh unlocked", in_stores("Ephemera", "release")),
)
LEAVING = (
    Step("unsubscribed", (f"{_CLIENT}.unsubscribe",), often=True),
    Step("grant revoked", ("withings_bridge.withings.oauth:WithingsOAuth.revoke",)),
    Step("records forgotten", in_stores("Records", "forget")),
    Step("left", in_stores("Links", "leave")),
    Step("rows forgotten", in_stores("Vitals", "forget")),
)
STEPS = {step.name: step for step in (*LINK, *NOTIFICATION, *TURN, *REFRESH, *LEAVING)}

MOMENTS = ("before", "after")


def bridge() -> None:
    """The command line, by the test's clock and with its trap, where the environment names them."""
    if path := os.environ.get(TRAP):
        set_up(Trap(Path(path)))
    if path := os.environ.get(CLOCK):
        _live_by(MovableClock(Path(path)), look_every=float(os.environ[LOOK]))
    # Without the last net, so that a test whose bridge logs a secret fails.
    _replace(vars(logs), "redacted", lambda _: _as_it_is)
    for module in (account_item, dynamo_accounts):
        # A claim asks every shard, and the engines of tests take their time for each.
        _replace(vars(module), "SHARDS", lambda _: 2)
    if seconds := os.environ.get(TIMEOUT):
        for client in (WithingsClient, WithingsOAuth):
            _replace(client.__init__.__kwdefaults__ or {}, "timeout", lambda _: httpx.Timeout(float(seconds)))
    main()


def _as_it_is(value: Any, name: str = "") -> Any:
    return value


def _live_by(clock: MovableClock, *, look_every: float) -> None:
    """Give the bridge a clock, let its sleeps end by it, and let it look for what is due when it moves."""
    sleep, run = asyncio.sleep, Working.run

    async def until_then(seconds: float, result: Any = None) -> Any:
        end = clock() + timedelta(seconds=seconds)
        while (left := (end - clock()).total_seconds()) > 0:
            await sleep(min(left, NOTICED_WITHIN))
        return result if seconds > 0 else await sleep(0, result)

    async def poke(working: Working) -> None:
        seen = clock.offset
        while True:
            await sleep(look_every)
            if clock.offset != seen:
                seen = clock.offset
                working.poke()

    async def run_poked(working: Working, stop: asyncio.Event, *, grace: float) -> None:
        poking = asyncio.create_task(poke(working))
        try:
            await run(working, stop, grace=grace)
        finally:
            poking.cancel()

    _replace(vars(serving), "create_app", lambda create: functools.partial(create, clock=clock))
    _replace(vars(app), "system_clock", lambda _: clock)
    _replace(vars(asyncio), "sleep", lambda _: until_then)
    for service in (Pacing, Tokens):
        _replace(service.__init__.__kwdefaults__ or {}, "sleep", lambda _: until_then)
    Working.run = run_poked  # type: ignore[method-assign,assignment]  # mypy sees no method in it


def _replace(names: dict[str, Any], name: str, change: Callable[[Any], Any]) -> None:
    """Another value for a name that must be there."""
    names[name] = change(names[name])


def set_up(trap: Trap) -> None:
    """Make every step mortal."""
    for step in STEPS.values():
        for owner, name in _found(step):
            setattr(owner, name, _mortal(getattr(owner, name), step, trap))


def _found(step: Step) -> Iterator[tuple[type, str]]:
    for call in step.calls:
        module, _, qualified = call.partition(":")
        owner, _, name = qualified.partition(".")
        yield getattr(importlib.import_module(module), owner), name


def _mortal(method: Callable[..., Any], step: Step, trap: Trap) -> Callable[..., Any]:
    signature = inspect.signature(method)

    @functools.wraps(method)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        if not step.of(bound.arguments):
            return await method(*args, **kwargs)
        if trap.springs(step.name, "before"):
            os.kill(os.getpid(), signal.SIGKILL)
        result = await method(*args, **kwargs)
        if step.counts(result) and trap.springs(step.name, "after"):
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped
