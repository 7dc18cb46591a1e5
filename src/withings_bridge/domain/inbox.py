"""Pending work of one category: what was announced, what is left of an import, what went wrong.

The inbox is part of the account (see accounts.py): acknowledging a notification adds to a set on
one item, and a turn takes away only what it saw when it began.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from withings_bridge.domain.categories import ERRANDS, Category
from withings_bridge.domain.events import PREFIX, Event
from withings_bridge.domain.imports import Backfill
from withings_bridge.domain.notifications import Window
from withings_bridge.domain.troubles import Trouble, trouble_after

MOST_WINDOWS = 20
"""More announced windows than this become one comparison of everything."""

MOST_EVENTS = 100
"""More events than this do not wait: anybody can post one."""


class Lane(StrEnum):
    """How urgent work is, the most urgent first."""

    LIVE = "live"
    """Somebody waits for it."""
    ERRAND = "errand"
    """What puts a new link in order."""
    RECONCILE = "reconcile"
    """The sweep."""
    BACKFILL = "backfill"
    """The import."""


@dataclass(frozen=True, slots=True)
class News:
    """What was announced of one category and not yet looked at."""

    windows: frozenset[Window] = frozenset()
    events: frozenset[Event] = frozenset()
    """What notifications told by themselves."""
    overflow: bool = False
    """More events came than are kept: those were let go."""
    asked: bool = False
    """Somebody wants to know what is new, without naming a window."""
    everything: bool = False
    """More windows were announced than are kept apart: compare all."""
    sweep: bool = False
    """It is time to look for what notifications missed."""
    unheard: bool = False
    """Something may have come before Withings began to announce it."""

    def __bool__(self) -> bool:
        return self.live or self.sweep or self.unheard

    @property
    def live(self) -> bool:
        """Whether somebody said that there is something."""
        return bool(self.windows or self.events) or self.asked or self.everything or self.overflow

    @property
    def room(self) -> int:
        """So many tokens may wait already where these are added and nothing else becomes of them."""
        if self.events:
            return MOST_EVENTS - len(self.events)
        return MOST_WINDOWS - len(self.windows)

    def __len__(self) -> int:
        return len(self.tokens)

    def __or__(self, other: "News") -> "News":
        return News.of(self.tokens | other.tokens)

    def __sub__(self, other: "News") -> "News":
        return News.of(self.tokens - other.tokens)

    @property
    def tokens(self) -> frozenset[str]:
        """As a set of strings, which is how it is stored."""
        flags = {name for name in _FLAGS if getattr(self, name)}
        return frozenset(flags | {str(each) for each in (*self.windows, *self.events)})

    @classmethod
    def of(cls, tokens: Iterable[str]) -> "News":
        """The news in a stored set of strings."""
        tokens = set(tokens)
        told = {token for token in tokens if token.startswith(PREFIX)}
        windows = frozenset(Window.parse(token) for token in tokens - told - _FLAGS)
        events = frozenset(Event.parse(token) for token in told)
        return cls(windows, events, **{name: name in tokens for name in _FLAGS})


_FLAGS = frozenset({"asked", "everything", "sweep", "unheard", "overflow"})

ASKED = News(asked=True)
EVERYTHING = News(everything=True)
SWEEP = News(sweep=True)
UNHEARD = News(unheard=True)


@dataclass(frozen=True, slots=True)
class Recheck:
    """A window to compare once more at a time: a deletion may show minutes late."""

    window: Window
    due_at: datetime
    missing: str | None = None
    """A digest of the records an earlier answer lacked: they go only if this answer agrees."""
    announced: bool = True
    """Whether Withings named this window; what is missing elsewhere needs two answers that agree."""


@dataclass(frozen=True, slots=True)
class Unread:
    """The rest of a list of changes that had more pages than a turn reads."""

    since: datetime
    """The ``lastupdate`` it was asked for by; an offset means something in the same list alone."""
    offset: int
    until: datetime
    """When it was asked for first: the cursor moves no further."""
    newest: datetime | None
    """The latest change that came so far."""
    changing: bool = False
    """Whether the list was seen to change since: then it is to be read once more."""


@dataclass(frozen=True, slots=True)
class Work:
    """All that is pending and known of one category of one account."""

    news: News = News()
    announced: int = 0
    """Counts announcements, so that one that repeats a window in mid-turn is not lost."""
    settled: int = 0
    """The count that the last completed look covered."""
    rechecks: tuple[Recheck, ...] = ()
    pause_until: datetime | None = None
    """News waits until then: Withings wants some calls spaced out."""
    trouble: Trouble | None = None
    backfill: Backfill | None = None
    backfill_trouble: Trouble | None = None
    cursor: datetime | None = None
    """The ``lastupdate`` to send next: everything modified before it is stored. Of a category whose
    service has none, the time of the last catch-up.
    """
    unread: Unread | None = None
    """Of all that changed, what the next turn goes on with."""
    settled_at: datetime | None = None
    imported_since: datetime | None = None
    """How far back an import was completed: all that was taken since is stored."""
    imported_at: datetime | None = None
    """When an import was last completed."""

    def announce(self, news: News) -> "Work":
        """With the news added; past the limit on windows it becomes a comparison of everything, and past
        that on events some are let go: of what anybody may have posted first, and of that what comes last.
        """
        merged = self.news | news
        if len(merged.windows) > MOST_WINDOWS:
            merged = replace(merged, windows=frozenset(), everything=True)
        if len(merged.events) > MOST_EVENTS:
            waiting = self.news.events
            order = sorted(merged.events, key=lambda each: (not each.confirmed, each not in waiting, each))
            merged = replace(merged, events=frozenset(order[:MOST_EVENTS]), overflow=True)
        return replace(self, news=merged, announced=self.announced + 1)

    def live_at(self, now: datetime) -> datetime | None:
        """When this category next has live work, or None."""
        opens_at = self.opens_at(now)
        if opens_at is None:
            return None
        times = [max(recheck.due_at, opens_at) for recheck in self.rechecks]
        return min([*times, opens_at] if self.news.live else times, default=None)

    def errand_at(self, now: datetime) -> datetime | None:
        """When this category is next looked at for what came before it was announced, or None."""
        return self.opens_at(now) if self.news.unheard else None

    def sweep_at(self, now: datetime) -> datetime | None:
        """When a sweep that has come to this category next goes on, or None."""
        return self.opens_at(now) if self.news.sweep else None

    def opens_at(self, now: datetime) -> datetime | None:
        """From when live work may be tried; None while it is buried."""
        if self.trouble is None or self.announced > self.trouble.announced:
            return self.pause_until or now
        return self.trouble.retry_at

    def backfill_at(self, now: datetime) -> datetime | None:
        """When the import next goes on, or None.

        News does not hurry a retry of it, but brings it back when it was buried.
        """
        if self.backfill is None:
            return None
        trouble = self.backfill_trouble
        if trouble is None or (trouble.buried and self.announced > trouble.announced):
            return now
        return trouble.retry_at


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Which appli Withings announces to our callback URL."""

    confirmed: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()
    """Those it would not subscribe for this person: scope or plan."""
    refusals: Mapping[int, int] = field(default_factory=dict)
    """Withings' status for each of these, where there was one."""
    checked_at: datetime | None = None
    """When it was last compared with Withings' own list; None: to be compared."""
    listed: frozenset[int] = frozenset()
    """Those of the confirmed that were on that list."""
    added: frozenset[int] = frozenset()
    """Those of the confirmed that were subscribed since the list was last whole."""
    former: int = 0
    """How many Withings still announces to a callback URL that was ours, and is not any more."""


@dataclass(frozen=True, slots=True)
class Task:
    """Work of one category that a turn takes on, as it stood when the turn began."""

    category: Category
    work: Work
    news: News = News()
    rechecks: tuple[Recheck, ...] = ()
    backfill: Backfill | None = None

    @property
    def lane(self) -> Lane:
        """How urgent its calls are."""
        if self.backfill is not None:
            return Lane.BACKFILL
        if self.news.live or self.rechecks:
            return Lane.ERRAND if self.category in ERRANDS else Lane.LIVE
        return Lane.ERRAND if self.news.unheard else Lane.RECONCILE


@dataclass(frozen=True, slots=True)
class Done:
    """A task that was completed, with what it leaves for later."""

    task: Task
    cursor: datetime | None = None
    """Where the cursor goes; None leaves it."""
    unread: Unread | None = None
    rechecks: tuple[Recheck, ...] = ()
    backfill: Backfill | None = None
    """What is left of the import, or an import that was found necessary."""
    news: News = News()
    """More of the same, to be done at ``pause_until``."""
    pause_until: datetime | None = None
    subscriptions: Subscriptions | None = None
    """What Withings is known to announce, where the task found out."""
    errands: Mapping[Category, News] = field(default_factory=dict)
    """What it leaves to other categories."""
    projected: str | None = None
    """The version of the mapping that all rows follow now, where the task saw to that."""
    zone: str | None = None
    """The zone that Withings' answer named for all its rows, where it named one."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A task that was not completed."""

    task: Task
    error: Exception


def settle(work: Work, result: Done | Failed, *, now: datetime, jitter: float) -> Work:
    """The work after a turn's result, given the work as it is stored now.

    What was announced while the turn ran stays. An announcement that repeats a window the turn was
    already looking at leaves no trace but the count, and nobody knows whether it came before or after
    Withings answered: then each window that the turn is done with is compared once more at once, which
    is one call for a burst, and everything else that the turn saw stays. Of an event there is nothing
    to answer: what the turn saw of those is done.
    """
    task = result.task
    if isinstance(result, Failed):
        return _with_trouble(work, task, result.error, now=now, jitter=jitter)
    if task.backfill is not None:
        return _with_chunk(work, task.backfill, result, now=now)
    added = work.news - task.news
    explained = work.announced - task.work.announced == len(added)
    waiting = set(work.rechecks) - set(task.rechecks)
    later = [recheck.window for recheck in (*waiting, *result.rechecks)]
    done_with = [each for each in task.news.windows if not any(map(each.overlaps, later))]
    again = [] if explained else [Recheck(window, now) for window in done_with]
    news = added if explained else replace(work.news, events=added.events) - News(frozenset(done_with))
    return replace(
        work,
        news=news | result.news,
        rechecks=_merge_rechecks(waiting, (*result.rechecks, *again)),
        pause_until=result.pause_until,
        trouble=None,
        backfill=_begun(work.backfill, result.backfill),
        backfill_trouble=None if result.backfill else work.backfill_trouble,
        cursor=max(filter(None, (work.cursor, result.cursor)), default=None),
        unread=result.unread,
        settled=max(work.settled, task.work.announced),
        settled_at=now,
    )


def _with_chunk(work: Work, begun: Backfill, result: Done, *, now: datetime) -> Work:
    rechecks = _merge_rechecks(work.rechecks, result.rechecks)
    if work.backfill is None:
        return replace(work, rechecks=rechecks)  # let go meanwhile
    left = work.backfill.after(begun, result.backfill)
    work = replace(work, backfill=left, backfill_trouble=None, rechecks=rechecks)
    if left is not None:
        return work
    since = min(filter(None, (work.imported_since, begun.since)))
    return replace(work, imported_at=now, imported_since=since)


def _begun(stored: Backfill | None, found: Backfill | None) -> Backfill | None:
    """The import from now on: one that was found necessary begins anew, and goes back as far."""
    if stored is None or found is None:
        return found or stored
    return found.reaching(stored.since)


def _with_trouble(work: Work, task: Task, error: Exception, *, now: datetime, jitter: float) -> Work:
    announced = task.work.announced
    if task.backfill is not None:
        if work.backfill is None:
            return work  # let go meanwhile
        previous = work.backfill_trouble
        return replace(
            work, backfill_trouble=trouble_after(previous, error, announced=announced, now=now, jitter=jitter)
        )
    if not work.news and not work.rechecks:
        return work  # let go meanwhile
    trouble = trouble_after(work.trouble, error, announced=announced, now=now, jitter=jitter)
    # A recheck that failed stays as it is, with all it knows: it opens again when the trouble does.
    return replace(work, trouble=trouble)


def _merge_rechecks(kept: Iterable[Recheck], added: Iterable[Recheck]) -> tuple[Recheck, ...]:
    """One recheck a window: the earlier one, as a confirmation must not be put off by an echo."""
    by_window: dict[Window, Recheck] = {}
    for recheck in sorted((*kept, *added), key=lambda recheck: recheck.due_at):
        by_window.setdefault(recheck.window, recheck)
    return tuple(by_window.values())
