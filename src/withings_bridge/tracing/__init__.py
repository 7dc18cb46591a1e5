"""Traces: what became of one notification or request, step by step, also across processes.

Off unless somebody says where spans go (``use``). Then a span costs a call, and nothing else is imported:

- ``exporting``: on where the standard variables are set
- ``otlp``: spans by OpenTelemetry, the one module that knows it

Where one piece of work begins another elsewhere, its ``traceparent`` goes along: a line of W3C Trace
Context, such as ``00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01``.

An attribute tells no more than a log would, and passes the same net: counts, categories, Withings' actions
and statuses, and the account as Withings numbers it. Never a user, a token or a value; of an error its class.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

Attributes = Mapping[str, str | int | float | bool]


class Kind(StrEnum):
    """Which side of a conversation a span is."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    CONSUMER = "consumer"
    """Takes up what somebody else left behind."""


class Span:
    """One step, for as long as it is entered. This one, of a bridge without traces, is nowhere to be seen."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Ends it, as failed where an error passes through; of that only the class is told."""

    def say(self, attributes: Attributes) -> None:
        """Add what is known only now."""

    def rename(self, name: str) -> None:
        """Give it another name than it began with."""

    def fail(self, reason: str) -> None:
        """Say that it failed; the reason is a word of ours, such as an error's class."""

    def end(self) -> None:
        """End it now; what follows while it is entered is still below it, and nothing is added to it."""


class Tracer(Protocol):
    """Where spans go."""

    def span(
        self, name: str, attributes: Attributes, kind: Kind, parent: str | None, links: Sequence[str]
    ) -> Span:
        """See ``span`` of this module."""

    def traceparent(self) -> str | None:
        """See ``traceparent`` of this module."""


_NOWHERE = Span()
_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """From now on the spans of this process go there; None: nowhere."""
    global _tracer  # noqa: PLW0603 - like logs, traces are the process'
    _tracer = tracer


def span(
    name: str,
    attributes: Attributes | None = None,
    *,
    kind: Kind = Kind.INTERNAL,
    parent: str | None = None,
    links: Sequence[str] = (),
) -> Span:
    """A step that begins when it is entered, below the one that is entered now.

    ``parent``: below that one instead, a traceparent. ``links``: traceparents of what it is about as well.
    Those that make no sense count as none.
    """
    if _tracer is None:
        return _NOWHERE
    return _tracer.span(name, attributes or {}, kind, parent, links)


def traceparent() -> str | None:
    """The step that is entered now, for work that begins elsewhere; None without one."""
    return _tracer.traceparent() if _tracer is not None else None


def ids() -> dict[str, str]:
    """The same as a log tells it: ``trace_id`` and ``span_id``, or nothing."""
    here = traceparent()
    if here is None:
        return {}
    _, trace_id, span_id, _ = here.split("-")
    return {"trace_id": trace_id, "span_id": span_id}
