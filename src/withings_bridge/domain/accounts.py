"""A Withings account as the bridge keeps it: its users, its pending work, who works on it.

Everything here is a pure function from one account to the next; storage makes each of them one
atomic change. Records, cursors and work belong to the account, rows and token rows to its users.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from withings_bridge.domain.categories import ERRANDS, IMPORTED, SUMMARY_OF, SWEPT, TRACKED, Category
from withings_bridge.domain.imports import BEGINNING, Backfill
from withings_bridge.domain.inbox import (
    ASKED,
    SWEEP,
    Done,
    Failed,
    Lane,
    News,
    Subscriptions,
    Task,
    Work,
    settle,
)

MOST_TRACES = 8
"""So many notifications that wait are found again in the trace of the turn that works them off."""

LEASE = timedelta(seconds=15)
RENEW_EVERY = timedelta(seconds=5)

SWEEP_EVERY = timedelta(hours=6)
"""How often an account is compared with Withings, unless the operator says otherwise."""

LIVE_ORDER = (
    Category.EVENTS,  # without a call, so that no fault of Withings is in its way
    Category.LINK,
    Category.MEASURES,
    Category.ACTIVITY,
    Category.SLEEP,
    Category.WORKOUTS,
    Category.HEART,
    Category.STETHO,
    Category.DEVICES,
    Category.GOALS,
    Category.SUBSCRIPTIONS,
    Category.HEIGHTS,
    Category.ROWS,
    Category.INTRADAY,
    Category.SLEEP_DETAIL,
)
"""What a turn does first: a reading that someone waits for, then what only we care about, then detail."""


WITHOUT_CONSENT = (Category.LINK, Category.ROWS)


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's claim on an account, which ends by itself."""

    holder: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """One Withings account, linked to at least one user."""

    userid: str
    """Withings userid, an opaque string."""
    users: frozenset[str]
    """Cognito ids of the users who linked it."""
    linked_at: datetime
    scopes: frozenset[str] = frozenset()
    """What the newest consent granted; empty when Withings did not say."""
    work: Mapping[Category, Work] = field(default_factory=dict)
    lease: Lease | None = None
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    purges: int = 0
    """How often its records were forgotten, or were about to be: that leaves no trace among them."""
    consents: int = 1
    """How many were given: a refusal speaks of the one whose pair was refused."""
    consent_needed_at: datetime | None = None
    """Since when Withings refuses the stored pair; nothing is tried until somebody links again."""
    synced_at: datetime | None = None
    """The last turn that settled without a failure."""
    fetched_at: datetime | None = None
    """The last data reply of Withings."""
    sweep_at: datetime | None = None
    """When it is to be compared with Withings whether or not there was news."""
    projected: str | None = None
    """The version of the mapping that its rows follow: see ``mapping``. None: nobody wrote down which."""
    zone: str | None = None
    """The zone that Withings named last for measures, whose groups name none."""
    traces: tuple[str, ...] = ()
    """The traceparents of what announced the live work that is pending, oldest first. Without traces none."""

    @property
    def history(self) -> str:
        """Names its records as one history. Another link begins another, and so does a purge, even one that
        was cut off: what went leaves no trace among the records that by itself tells a copy to be dropped.
        """
        return f"{self.userid} {self.linked_at.isoformat()} {self.purges}"

    def of(self, category: Category) -> Work:
        """The category's work; of one never heard of, none."""
        return self.work.get(category, Work())

    def may(self, category: Category) -> bool:
        """Whether the person's consent covers the category, as far as Withings said."""
        return not self.scopes or category.scope is None or category.scope in self.scopes

    def leased_at(self, now: datetime) -> bool:
        """Whether a worker holds it then. At the very instant it ends a lease is free."""
        return self.lease is not None and now < self.lease.until

    @property
    def importing(self) -> bool:
        """Whether an import still runs."""
        return any(work.backfill for work in self.work.values())

    @property
    def imported(self) -> float | None:
        """The share that is done of the import that runs, 0 to 1; None when none does.

        It is that of all its categories, those included which it has completed.
        """
        running = [work.backfill for work in self.work.values() if work.backfill]
        if not running:
            return None
        began_at = min(backfill.began_at for backfill in running)
        completed = [
            work.imported_at
            for work in self.work.values()
            if work.backfill is None and work.imported_at and work.imported_at >= began_at
        ]
        done = sum(backfill.progress for backfill in running) + len(completed)
        return done / (len(running) + len(completed))


def due(account: Account, now: datetime) -> dict[Lane, datetime]:
    """When the account next has work, by lane."""
    times: dict[Lane, list[datetime | None]] = {lane: [] for lane in Lane}
    for category, work in doable(account).items():
        times[Lane.ERRAND if category in ERRANDS else Lane.LIVE].append(work.live_at(now))
        times[Lane.ERRAND].append(work.errand_at(now))
        times[Lane.RECONCILE].append(work.sweep_at(now))
        times[Lane.BACKFILL].append(None if _is_ahead(account, category) else work.backfill_at(now))
    times[Lane.RECONCILE].append(_sweep_at(account))
    return {lane: min(found) for lane, all_ in times.items() if (found := [time for time in all_ if time])}


def tasks(account: Account, now: datetime, *, imports: bool = True) -> list[Task]:
    """What a turn does now: all live work in order, then one chunk of each import that has got least far
    back, so that a recent night does not wait for a weighing of decades ago.
    """
    works = doable(account)
    live = [
        task
        for category in LIVE_ORDER
        if category in works and (task := _live_task(category, works[category], now))
    ]
    if not imports:
        return live
    chunks = [
        Task(category, works[category], backfill=works[category].backfill)
        for category in LIVE_ORDER
        if category in works
        and not _is_ahead(account, category)
        and (time := works[category].backfill_at(now))
        and time <= now
    ]
    newest = max((task.backfill.until for task in chunks if task.backfill), default=None)
    return [*live, *(task for task in chunks if task.backfill and task.backfill.until == newest)]


def announce(account: Account, news: Mapping[Category, News], trace: str | None = None) -> Account:
    """With news added to its categories; ``trace``: the traceparent of what brings them."""
    work = dict(account.work)
    for category, added in news.items():
        work[category] = account.of(category).announce(added)
    traces = account.traces
    if trace and len(traces) < MOST_TRACES:
        traces = (*traces, trace)
    return replace(account, work=work, traces=traces)


def swept(
    account: Account, now: datetime, *, every: timedelta, windows: Mapping[Category, timedelta]
) -> Account:
    """With its sweep among the pending work, if it is due; the next comes after ``every``.

    ``windows`` as for ``joined``: what is asked for only since the account was linked is imported now.
    Of detail that was switched off nothing is kept but its records, so that switched on it is new again.
    """
    sweep_at = _sweep_at(account)
    if sweep_at is None or sweep_at > now:
        return account
    wanted = {
        category: work
        for category, work in account.work.items()
        if category not in SUMMARY_OF or category in windows
    }
    account = replace(account, work=wanted, sweep_at=now + every)
    account = replace(account, work=_importing(account, windows, now))
    return announce(account, {category: SWEEP for category in SWEPT if account.may(category)})


def follows(account: Account, version: str) -> bool:
    """Whether nothing has to be announced for its rows to follow the mapping: they do, or are about to."""
    return account.projected == version or bool(account.of(Category.ROWS).news)


def following(account: Account, version: str) -> Account:
    """With its rows to be projected anew, where they follow another mapping."""
    return account if follows(account, version) else announce(account, {Category.ROWS: ASKED})


def settled(
    account: Account,
    results: Iterable[Done | Failed],
    *,
    now: datetime,
    jitter: float,
    traces: Collection[str] = (),
) -> Account:
    """After a turn: its results folded into the account as it is stored now, the lease given back.

    ``traces``: those the turn belongs to. They stay while live work is to be tried again.
    """
    work = dict(account.work)
    results = list(results)
    for result in results:
        category = result.task.category
        work[category] = settle(work.get(category, Work()), result, now=now, jitter=jitter)
    done = [result for result in results if isinstance(result, Done)]
    found = [result.subscriptions for result in done if result.subscriptions]
    projected = [result.projected for result in done if result.projected]
    zones = [result.zone for result in done if result.zone]
    answered = any(result.task.category.kind for result in done)
    whole = answered and len(done) == len(results)
    again = any(isinstance(result, Failed) and result.task.backfill is None for result in results)
    account = replace(
        account,
        work=work,
        lease=None,
        subscriptions=found[-1] if found else account.subscriptions,
        synced_at=now if whole else account.synced_at,
        fetched_at=now if answered else account.fetched_at,
        projected=projected[-1] if projected else account.projected,
        zone=zones[-1] if zones else account.zone,
        traces=account.traces if again else tuple(each for each in account.traces if each not in traces),
    )
    for result in done:
        account = announce(account, result.errands)
    return account


def unlisted(account: Account) -> Account:
    """With its subscriptions to be compared with Withings' own list the next time."""
    return replace(account, subscriptions=replace(account.subscriptions, checked_at=None))


def emptied(account: Account) -> Account:
    """With nothing known of its records, which are about to be purged: should they be and the account stay,
    whoever links it again imports anew.
    """
    return replace(account, purges=account.purges + 1, work={}, zone=None, traces=())


def end_was_announced(account: Account, *, refused: Account) -> bool:
    """Whether Withings' refusal of the account, as a turn claimed it, is the end that was announced.

    Not if somebody has linked again since, and not for a turn whose lease is another's by now.
    """
    same_turn = account.lease and refused.lease and account.lease.holder == refused.lease.holder
    return bool(account.of(Category.LINK).news and same_turn and account.consents == refused.consents)


def needing_consent(account: Account, now: datetime, *, refused: Account) -> Account:
    """After Withings refused for good the pair of the account as a turn began with it.

    If somebody has linked again since, only the lease goes back.
    """
    if account.consents != refused.consents:
        return replace(account, lease=None)
    return replace(account, consent_needed_at=account.consent_needed_at or now, lease=None)


def joined(
    account: Account | None,
    *,
    userid: str,
    user: str,
    scopes: frozenset[str],
    now: datetime,
    windows: Mapping[Category, timedelta],
    sweep_every: timedelta = SWEEP_EVERY,
) -> Account:
    """With one more user, or anew with its first: everything of its import windows is to be fetched.

    Linking again, or as a second user, keeps cursors and what is pending; an import that was done
    is not done again. ``windows`` says how far back the import of each category goes, ``sweep_every``
    when the account is first swept. Of rows that an earlier link left behind, or the predecessor, nobody
    knows which mapping they follow: the first turn brings them to ours.
    """
    errands = [Category.SUBSCRIPTIONS, Category.DEVICES, Category.GOALS, Category.HEIGHTS]
    if account is None:
        users = frozenset({user})
        account = Account(userid=userid, users=users, linked_at=now, scopes=scopes)
    else:
        errands += [*TRACKED, Category.ROWS]
        account = _again(account, user, scopes)
    account = replace(account, work=_importing(account, windows, now), sweep_at=now + sweep_every)
    return announce(account, {category: ASKED for category in errands if account.may(category)})


def with_whole_history(account: Account, now: datetime) -> Account:
    """With an import of all there ever was of every category that has a history.

    An import that runs goes on where it is, to the beginning; what is done already is not repeated.
    """
    work = dict(account.work)
    for category in IMPORTED:
        if account.may(category):
            known = account.of(category)
            anew = Backfill(since=BEGINNING, until=now, began_at=now)
            work[category] = replace(
                known,
                backfill=known.backfill.reaching(BEGINNING) if known.backfill else anew,
                backfill_trouble=None,
                cursor=known.cursor or now,
            )
    return replace(account, work=work)


def _importing(
    account: Account, windows: Mapping[Category, timedelta], now: datetime
) -> Mapping[Category, Work]:
    """The account's work with an import of each category that has had none."""
    work = dict(account.work)
    for category, length in windows.items():
        # A cursor is what an import leaves from its first moment; news alone may come from anybody.
        if account.of(category).cursor is None and account.may(category):
            backfill = Backfill(since=now - length, until=now, began_at=now)
            work[category] = replace(account.of(category), cursor=now, backfill=backfill)
    return work


def _again(account: Account, user: str, scopes: frozenset[str]) -> Account:
    """The account after a new consent: nothing that failed under the old one counts any more."""
    work = {
        category: replace(work, trouble=None, backfill_trouble=None)
        for category, work in account.work.items()
    }
    return replace(
        account,
        users=account.users | {user},
        scopes=scopes,
        work=work,
        subscriptions=Subscriptions(),
        consents=account.consents + 1,
        consent_needed_at=None,
    )


def doable(account: Account) -> Mapping[Category, Work]:
    """All work; without consent only whether the person has ended the link, for that may still be told, and
    the rows, for which Withings is not asked.
    """
    if account.consent_needed_at is None:
        return account.work
    return {category: account.of(category) for category in WITHOUT_CONSENT if category in account.work}


def _is_ahead(account: Account, category: Category) -> bool:
    """Whether an import of detail has overtaken that of its summary, by which it goes."""
    detail = account.of(category).backfill
    summary = account.of(SUMMARY_OF[category]).backfill if category in SUMMARY_OF else None
    return detail is not None and summary is not None and summary.until > detail.start


def _sweep_at(account: Account) -> datetime | None:
    return None if account.consent_needed_at else account.sweep_at


def _live_task(category: Category, work: Work, now: datetime) -> Task | None:
    opens_at = work.opens_at(now)
    if opens_at is None or opens_at > now:
        return None
    rechecks = tuple(recheck for recheck in work.rechecks if recheck.due_at <= now)
    return Task(category, work, news=work.news, rechecks=rechecks) if work.news or rechecks else None
