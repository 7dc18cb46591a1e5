"""How the bridge logs: readable on a terminal, JSON lines where a machine reads them.

Whoever logs, also a library, a warning of Python's or an exception that nobody caught, goes through the same
chain, whose end masks what looks like a secret (``redaction``). A line has the level, the time in UTC, the
logger, and what is bound to the context: the request, its caller, the account, the trace.

Request lines of the server are off, since callback URLs carry codes and secrets; httpx is kept quiet
for the same reason. An exception is logged as its kind and place alone, one that nobody caught too: its
text may quote the reading it choked on, and a traceback with local variables would show tokens.

Lines for machines are written some at a time (``_Lines``): a process that is killed takes those of its last
moment along, but for warnings and whatever is worse.
"""

import asyncio
import atexit
import logging
import sys
import threading
import traceback
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import structlog

from withings_bridge import tracing
from withings_bridge.redaction import redacted

FRAMES = 3
"""How many of the innermost frames say where an exception comes from."""


QUIET = ("httpx", "httpcore", "botocore", "aiobotocore", "aioboto3", "urllib3")
"""Libraries that log addresses, with what travels in them: warnings alone, whatever the level."""

SHOWN_WITH_MORE_BELOW = ("asyncio", "py.warnings")
"""Loggers of whose texts only the first line is told: below it stands the text of an exception, or code."""

GATHER_SECONDS = 0.05
"""So long a line for machines may wait for others."""

OURS = frozenset({"level", "logger", "timestamp"})
"""What no line has from whoever wrote it."""


def for_machines() -> bool:
    """Whether nobody reads along at a terminal."""
    return not sys.stderr.isatty()


def configure(*, json: bool, level: int = logging.INFO) -> None:
    """Send all logs of this process from that level on to standard error."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(serializer=_json)
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=32)
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _traced,
        _kind_and_place,
    ]
    if json:
        shared.append(structlog.stdlib.add_logger_name)
    structlog.configure(
        processors=[
            *shared,
            _masked,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Straight to the stream: the way through ``logging`` costs more than all the rest of a line.
        logger_factory=_Gathering if json else _Straight,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _first_line,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _masked,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in QUIET:
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    sys.unraisablehook = _uncaught_in_passing
    threading.excepthook = _uncaught_in_thread


class _Lines:
    """Standard error, where lines that can wait are written with others.

    To write each by itself costs an acknowledgement more than to make it: the thread that runs the event
    loop lets go of the interpreter, and waits until another gives it back.

    Nobody waits for the lock: who finds it taken leaves its line to whoever writes. That may be the same
    thread, where what ends in the midst of a write has something to say.
    """

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._by: asyncio.AbstractEventLoop | None = None
        self._writing = threading.Lock()

    def gather(self, text: str) -> None:
        """Write it in a moment; at once where no loop runs that would see to it."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.write(text)
            return
        self._waiting.append(text)
        if self._by is not loop:  # another one may have ended before its moment came
            self._by = loop
            loop.call_later(GATHER_SECONDS, self.flush)

    def write(self, text: str) -> None:
        """Write it now, behind what waits."""
        self._waiting.append(text)
        self.flush()

    def flush(self) -> None:
        """Write what waits."""
        self._by = None
        while self._waiting and self._writing.acquire(blocking=False):
            try:
                sys.stderr.write("".join(self._waiting.popleft() for _ in range(len(self._waiting))))
                sys.stderr.flush()
            finally:
                self._writing.release()


_lines = _Lines()
# What was gathered when the loop ended.
atexit.register(_lines.flush)


class _Straight:
    """Writes finished lines, under the name of the module that logs."""

    def __init__(self, *named: str) -> None:
        self.name = structlog.stdlib.LoggerFactory(ignore_frame_names=[__name__])(*named).name

    def _write(self, line: str) -> None:
        _lines.write(f"{line}\n")

    debug = info = warning = error = critical = _write


class _Gathering(_Straight):
    """The same, where nobody waits for what is no trouble."""

    def _gather(self, line: str) -> None:
        _lines.gather(f"{line}\n")

    debug = info = _gather


def place_of(error: BaseException) -> str:
    """Where it was raised, innermost first, such as ``syncing.py:81 < working.py:202``."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        structlog.get_logger().critical("our bug", exc_info=error)


def _uncaught_in_thread(ended: threading.ExceptHookArgs) -> None:
    structlog.get_logger().critical("our bug", exc_info=ended.exc_value)


def _uncaught_in_passing(ended: "sys.UnraisableHookArgs") -> None:
    structlog.get_logger().error("our bug", exc_info=ended.exc_value)


def _json(event: structlog.typing.EventDict, **_: Any) -> str:
    """What ``_masked`` left is text, numbers, truths and None, in lists and mappings."""
    return msgspec.json.encode(event).decode()


def _traced(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    event.update(tracing.ids())
    return event


def _first_line(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    record = event.get("_record")
    if record is not None and record.name in SHOWN_WITH_MORE_BELOW:
        event["event"] = str(event["event"]).partition("\n")[0]
    return event


def _masked(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return {name: value if name in OURS else redacted(value, name) for name, value in event.items()}


def _kind_and_place(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    logged = event.pop("exc_info", None)
    error = logged[1] if isinstance(logged, tuple) else sys.exc_info()[1] if logged is True else logged
    if isinstance(error, BaseException):
        event.update(error=type(error).__name__, where=place_of(error))
    return event
