"""The inbox as a person looks at it: what is waiting, what is retried, what was given up and why.

A category has up to two entries: what is live of it, and what is left of its import. Both can be
replayed, and let go of, also while a turn works on them: settling (``inbox.settle``) then finds that
more was announced than the turn saw, or that there is nothing left to be in trouble.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from withings_bridge.domain.accounts import LIVE_ORDER, Account, doable
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import News, Work
from withings_bridge.domain.troubles import Trouble


class Part(StrEnum):
    """Which part of a category's work."""

    LIVE = "live"
    """What was announced, asked for, or is swept, and what is looked at once more."""
    IMPORT = "import"
    """What is left of its import."""


class State(StrEnum):
    """How an entry stands."""

    WAITING = "waiting"
    """Nothing is wrong with it: it is done when its time comes."""
    RETRYING = "retrying"
    """It failed, and is tried again by itself."""
    BURIED = "buried"
    """It was given up: a dead letter, until news or a person brings it back."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Pending work of one part of one category."""

    category: Category
    part: Part
    state: State
    next_at: datetime | None
    """When it is tried; None when it is not: it is buried, or the person must consent first."""
    attempts: int = 0
    """How often it failed in a row; being told to slow down does not count."""
    reason: str | None = None
    since: datetime | None = None
    """When it first failed."""
    progress: float | None = None
    """The share of the import that is done, 0 to 1."""

    @property
    def name(self) -> str:
        """What it is, for people."""
        return f"{self.category}" if self.part is Part.LIVE else f"import of {self.category}"

    @property
    def stuck(self) -> bool:
        """Whether something is wrong with it."""
        return self.state is not State.WAITING


def entries(account: Account, now: datetime) -> list[Entry]:
    """All that is pending in an account, in the order in which turns do it."""
    found: list[Entry] = []
    for category in LIVE_ORDER:
        work = account.of(category)
        if work.news or work.rechecks:
            next_at = min(
                filter(None, (work.live_at(now), work.errand_at(now), work.sweep_at(now))), default=None
            )
            found.append(_entry(category, Part.LIVE, work, work.trouble, next_at))
        if work.backfill:
            entry = _entry(category, Part.IMPORT, work, work.backfill_trouble, work.backfill_at(now))
            found.append(replace(entry, progress=work.backfill.progress))
    tried = doable(account)
    return [entry if entry.category in tried else replace(entry, next_at=None) for entry in found]


def replayed(account: Account, chosen: Iterable[Entry]) -> Account:
    """With these entries due now, the whole schedule of retries before them.

    A replay counts as an announcement: a turn that is working on the entry, and began before whatever
    was mended, cannot bury it again. For the category's other part it is none.
    """

    def again(work: Work, part: Part) -> Work:
        live = part is Part.LIVE
        return replace(
            work,
            announced=work.announced + 1,
            trouble=None if live else _unmoved(work.trouble),
            backfill_trouble=_unmoved(work.backfill_trouble) if live else None,
        )

    return _changed(account, chosen, again)


def dropped(account: Account, chosen: Iterable[Entry]) -> Account:
    """Without the work of these entries. A later notification or sweep brings a live category back,
    and finds by its cursor what had been announced; of an import only a whole history asked for anew
    brings back what is left out.
    """

    def without(work: Work, part: Part) -> Work:
        if part is Part.LIVE:
            return replace(work, news=News(), unread=None, rechecks=(), trouble=None, pause_until=None)
        return replace(work, backfill=None, backfill_trouble=None)

    return _changed(account, chosen, without)


def _entry(
    category: Category, part: Part, work: Work, trouble: Trouble | None, next_at: datetime | None
) -> Entry:
    if trouble is None:
        return Entry(category, part, State.WAITING, next_at)
    return Entry(
        category,
        part,
        state=_state(work, part, trouble),
        next_at=next_at,
        attempts=trouble.attempts,
        reason=trouble.reason,
        since=trouble.since,
    )


def _state(work: Work, part: Part, trouble: Trouble) -> State:
    """What more was announced of is not stuck: it is tried at once. A retry of an import is not hurried."""
    if work.announced > trouble.announced and (part is Part.LIVE or trouble.buried):
        return State.WAITING
    return State.BURIED if trouble.buried else State.RETRYING


def _unmoved(trouble: Trouble | None) -> Trouble | None:
    """The trouble, no nearer to its end after one announcement more."""
    return replace(trouble, announced=trouble.announced + 1) if trouble else None


def _changed(account: Account, chosen: Iterable[Entry], change: Callable[[Work, Part], Work]) -> Account:
    work = dict(account.work)
    for entry in chosen:
        work[entry.category] = change(work.get(entry.category, Work()), entry.part)
    return replace(account, work=work)
