"""The promises of the store. Both backends keep them, and one contract suite holds both to it.

The protocols speak in intents, each of them atomic on every backend, rather than in rows and
transactions: DynamoDB has no cheap transaction and no compare-and-swap over a query. Time is always
an argument. A store that cannot answer raises ``StorageUnavailable`` and has changed nothing, or has
done all of what was asked: every intent is safe to repeat.

Policy lives in the domain: where an intent takes a ``Change``, the store reads the account, applies
the pure function, and writes the result on condition that nobody wrote in between, else it begins
again. The function may therefore run several times.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, Self

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import Lane, News
from withings_bridge.domain.links import Link, RowName, TokenPair, TokenRow
from withings_bridge.domain.records import Kind, Record, RecordKey
from withings_bridge.domain.trail import Step
from withings_bridge.domain.vitals7 import VitalRow

Change = Callable[[Account], Account]
"""A pure step from the account as stored to the account to store."""

JoinChange = Callable[[Account | None], Account]
"""The same where there may be no account yet."""


class Accounts(Protocol):
    """The account items: users, pending work, cursors, lease."""

    async def get(self, userid: str) -> Account | None:
        """The account as it is stored, or None. Reads what was last written."""

    async def announce(self, userid: str, news: Mapping[Category, News], *, now: datetime) -> bool:
        """Add news to an account; False, and nothing stored, when the account is unknown.

        This is the acknowledgement's one small write: it costs the same however many accounts
        there are. The effect is that of ``domain.accounts.announce``, and the account becomes due
        in the live lane now, unless it already was due earlier. Durable when it returns.
        """

    async def claim(
        self, worker: str, *, lane: Lane, now: datetime, lease: timedelta, limit: int
    ) -> list[Account]:
        """Lease at most ``limit`` accounts that are due in the lane, longest due first.

        Qualified is an account whose due time in the lane is not after ``now`` and that nobody
        holds: no lease, or one whose ``until`` is not after ``now``. No two callers ever get the
        same account from claims whose leases overlap. Fewer than the limit, even none, may come
        back while others claim at the same time.
        """

    async def earliest_due(self, lane: Lane) -> datetime | None:
        """When the next account is due in the lane, or since when the first one has been; None when
        none is. May be some seconds behind.
        """

    async def claim_one(self, userid: str, worker: str, *, now: datetime, lease: timedelta) -> Account | None:
        """Lease this account, due or not; None when it is unknown or somebody holds it."""

    async def renew(self, userid: str, worker: str, *, now: datetime, lease: timedelta) -> None:
        """Extend the worker's lease to ``now + lease``, also an expired one that nobody took over.

        Raises ``LeaseLost`` when another worker holds the account or nobody does.
        """

    async def change(
        self, userid: str, change: Change, *, now: datetime, holder: str | None = None
    ) -> Account:
        """Apply a pure change and return the account as it is stored then.

        With a ``holder``, only while that worker's lease stands (even expired, so long as nobody
        took it over); else ``LeaseLost``. Due times are recomputed from the result with
        ``domain.accounts.due``. An announcement that arrives in between is never overwritten.
        Raises ``AccountUnknown``.
        """

    async def list(self, *, after: str | None = None, limit: int = 100) -> list[Account]:
        """Accounts in a stable order of the backend's own, those behind the userid ``after``.

        An empty list means the end; a page may be shorter than the limit before that.
        """


Spelling = Callable[[str], str]
"""A pure step from a token as it is stored to the same token as it is to be stored."""


@dataclass(frozen=True, slots=True)
class RowsPage:
    """Some of our rows in the tokens table."""

    names: tuple[RowName, ...]
    after: str | None
    """Where to go on; None: that was the end."""


class Links(Protocol):
    """Token rows, in the shape the other connectors and the predecessor read, with their accounts.

    The row of a user is ``{user}#withings``. The predecessor may have left others: a bare row
    (``{user}``, ``api_name`` Withings in any case), and one under a doubled suffix
    (``{user}#withings#withings``). All of them are read, of those that hold a pair the one with the
    later ``created_at`` is the user's link, and the next write of a pair folds them into the user's
    row. A row holds a pair when it has a refresh token and names a Withings account; a doubled one that
    names another account than a whole row of the user does not count. Rows of other connectors are
    never read or touched.
    """

    async def get(self, user: str) -> Link | None:
        """The user's link, or None when no row holds a pair."""

    async def rows(self, user: str) -> list[TokenRow]:
        """What each of the user's rows says, the newest pair first, those that hold none at the end."""

    async def page(self, *, after: str | None, limit: int) -> RowsPage:
        """The names of the rows of Withings in the next part of the table, whose size ``limit`` bounds.

        In a stable order of the backend's own, from the position an earlier page gave, or from the
        beginning. A row that is there from the first page to the last is in one of them; a position
        holds also when its row has gone. A part may hold none of our rows before the end.
        """

    async def adopt(self, link: Link, change: JoinChange, *, now: datetime) -> Account:
        """Make a user of the predecessor a member of the account that their link names.

        ``change`` gets the stored account or None and gives the account to store. The account alone is
        written: the rows stay as they are, and the next write of a pair folds them. Only while the
        user's link is this one (same account, same ``saved_at``), else ``PairChanged`` and nothing is
        written.
        """

    async def join(self, user: str, userid: str, pair: TokenPair, change: JoinChange) -> Account:
        """Link the user: account and token rows together or not at all.

        ``change`` gets the stored account or None and gives the account to store; due times are
        reckoned from the pair's ``saved_at``. The pair goes into the token row of every user of the
        resulting account, since a second consent may end the first pair; only the row of another
        user who has linked a different account meanwhile is left alone. Each row takes the place of
        all rows of its user; ``created_at`` of every row is the pair's ``saved_at``;
        ``last_vitals7_push_at`` of rows that exist is kept.

        In the same step the user leaves every other account that a row of theirs names, as by
        ``leave``: of two sign-ins at once the later one wins, and nobody is ever in two accounts.
        """

    async def replace_pair(self, userid: str, pair: TokenPair, *, replacing: TokenPair) -> None:
        """Put a refreshed pair into the rows of all the account's users, together or not at all.

        Only while a row of the account holds the pair that was read (same ``saved_at``), else
        ``PairChanged`` and nothing is written. A missing row is written anew; repeating a call that
        went through does no harm. Raises ``AccountUnknown``.
        """

    async def leave(self, user: str, userid: str | None) -> Account | None:
        """End the user's link: the token rows go, and the user leaves the account.

        Gives the account that is left, or None when the last user left and the account is gone
        too. A row that meanwhile holds a pair of another Withings account is not touched; one that
        holds no pair goes, whomever it names. Without a ``userid`` only those go. Repeating it does
        no harm.
        """

    async def end(self, userid: str, only_if: Callable[[Account], bool]) -> bool:
        """End the links of all the account's users, and the account, together or not at all.

        Only if the account as it is stored passes; whether it is gone then. A row that meanwhile
        holds a pair of another Withings account is not touched. Repeating it does no harm.
        """

    async def pushed(self, user: str, *, at: datetime) -> None:
        """Keep ``last_vitals7_push_at`` and ``updated_at`` current, on a row that exists only.

        Where only rows of the predecessor hold a pair, and all of them the same, it moves to the
        user's row. Different pairs stay where they are: which of them Withings honours is not known.
        """


class StoredLinks(Links, Protocol):
    """Links in the letters that the store holds, which may be those of a cipher."""

    async def respell(self, name: RowName, spell: Spelling) -> bool:
        """Write the tokens of one row in another spelling; whether that changed any.

        Only while the row holds the tokens that ``spell`` was given, else it is read again: a pair that
        was saved meanwhile is never overwritten. Nothing else of the row changes, so its pair keeps its
        name, ``saved_at``. Rows that hold no pair are respelled too; one that is gone, or is another
        connector's, is left alone. What ``spell`` raises leaves the row as it was.
        """


ALL_KINDS = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Changed:
    """One entry of an account's change feed: the record now, or that it is gone."""

    number: int
    """Grows with every change of the account's records; a later change has a larger number."""
    name: RecordKey
    record: Record | None
    """None: removed, or of a kind that was not to be brought."""
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: behind the record of this time and key."""

    at: datetime
    key: str


class Records(Protocol):
    """Withings' records, as Withings sent them, by account."""

    async def save(
        self, userid: str, records: Sequence[Record], *, removed: Collection[RecordKey] = (), now: datetime
    ) -> None:
        """Store records under their natural keys, and turn removed ones into tombstones.

        Called by the holder of the account's lease only, so there is one writer an account. Not
        atomic as a whole: a crash leaves some of it, and repeating it completes it.
        """

    async def catch_up(self, userid: str) -> None:
        """Let ``changes`` and ``through`` show all that is stored, also what a ``save`` left unshown that was
        cut off at its end.

        Called by the holder of the account's lease only. Costs little where nothing was cut off.
        """

    async def get(self, userid: str, names: Iterable[RecordKey]) -> dict[RecordKey, Record]:
        """Those of the named records that exist."""

    async def between(self, userid: str, kind: Kind, start: datetime, end: datetime) -> list[Record]:
        """The kind's records whose time is in the stretch, both ends included, oldest first.

        Records of one time come in the order of their keys. Holds all of them at once: for a stretch
        that is short, or a kind that has few.
        """

    async def page(
        self,
        userid: str,
        kind: Kind,
        start: datetime,
        end: datetime,
        *,
        limit: int,
        after: Place | None = None,
        backward: bool = False,
    ) -> list[Record]:
        """At most ``limit`` of the kind's records whose time is in the stretch, both ends included.

        Oldest first, and those of one time in the order of their keys, which is that of their characters'
        code points; or ``backward``, all of that reversed. With ``after`` only those behind that place on
        the way; it holds also when its record has gone or moved. Fewer than the limit means the end.
        Costs the same wherever in a history the page lies. A record that is written meanwhile in front
        of the place does not shift the rest.
        """

    async def newest(
        self, userid: str, kind: Kind, *, limit: int, before: datetime | None = None
    ) -> list[Record]:
        """The kind's latest records, newest first, those before an instant if one is given."""

    async def changes(
        self, userid: str, *, after: int, limit: int, bringing: Collection[Kind] = ALL_KINDS
    ) -> list[Changed]:
        """What changed since the given number, oldest first, each record once in its last state.

        Of kinds that are not among ``bringing`` only the name comes, and whether it was removed: for who
        wants no more, or would hold too much.
        """

    async def through(self, userid: str) -> int:
        """The number of the account's latest change that ``changes`` shows; 0 when there is none.

        It grows with every change of any record.
        """

    async def forget(self, userid: str) -> None:
        """Remove all of the account's records without a trace, the change feed included.

        Called by the holder of the account's lease, or when there is no such account. Not atomic as
        a whole: a crash leaves some of them, and repeating it completes it. Numbers of changes go on
        to grow for whoever links the account again.
        """


class Vitals(Protocol):
    """The rows of ``user_vitals``, read by Vitals7."""

    async def write(
        self, user: str, rows: Sequence[VitalRow], *, gone: Collection[str] = (), now: datetime
    ) -> int:
        """Upsert rows and delete those whose ``item_key`` is in ``gone``; how many changed.

        A row that exists keeps ``id``, ``created_at`` and ``created_by``; one whose attributes are
        all as stored is not written. Of two rows with one key the last counts, and a key that is
        both written and gone stays.
        """

    async def forget(self, user: str) -> None:
        """Remove the user's rows that Withings recorded; those of other sources stay.

        Not atomic as a whole: a crash leaves some of them, and repeating it completes it.
        """

    def rows(self, user: str, *, vital_type: str | None = None) -> AsyncIterator[dict[str, Any]]:
        """The user's rows of every source in key order, under their wire names, whole numbers as int."""


class Ephemera(Protocol):
    """Small things that end by themselves: sign-in states, tickets, locks, marks."""

    async def put(self, key: str, value: Mapping[str, str], *, until: datetime, now: datetime) -> bool:
        """Store a value that ends at ``until``; False, and nothing stored, while the key is alive."""

    async def get(self, key: str, *, now: datetime) -> dict[str, str] | None:
        """The value while it is alive. At the very instant it ends it is gone."""

    async def take(self, key: str, *, now: datetime) -> dict[str, str] | None:
        """The value while it is alive, and gone from then on: of many callers one gets it."""

    async def swap(
        self,
        key: str,
        value: Mapping[str, str],
        *,
        instead_of: Mapping[str, str] | None,
        until: datetime,
        now: datetime,
    ) -> dict[str, str] | None:
        """Store the value if ``instead_of`` is what is alive there (None: nothing is), and give what is
        alive there now: the value itself when it went in, else what was in its way.

        Each value must differ from what anybody else might store, or two callers with the same
        thought would both take it for their own.
        """

    async def acquire(self, name: str, holder: str, *, until: datetime, now: datetime) -> bool:
        """Take, keep or take over a lock: free, one's own, or expired; else False."""

    async def held(self, name: str, *, now: datetime) -> bool:
        """Whether somebody holds the lock. At the very instant it ends nobody does."""

    async def release(self, name: str, holder: str) -> None:
        """Give back a lock; one that is no longer the holder's is left alone."""


class Trail(Protocol):
    """What happened lately: appended to, looked at, forgotten by itself after ``domain.trail.KEPT_FOR``.

    For people who look, so a step may show some moments late.
    """

    async def append(self, steps: Sequence[Step], *, now: datetime) -> None:
        """Add steps, not together. One that is there already is not there twice."""

    async def of(
        self, account: str, *, limit: int, now: datetime, before: datetime | None = None
    ) -> list[Step]:
        """The newest steps of an account, the newest first; with ``before``, of those that came earlier."""

    async def newest(self, *, limit: int, now: datetime) -> list[Step]:
        """The newest steps of all accounts, the newest first; none that is days old need be among them."""

    async def since(self, at: datetime, *, limit: int, now: datetime) -> list[Step]:
        """The steps of all accounts from an instant of the last day on, the oldest first."""

    async def forget(self, account: str) -> None:
        """Remove what is known of an account."""


class Storage(Protocol):
    """A store that is open: enter it to use it, leave it to close it."""

    @property
    def accounts(self) -> Accounts: ...

    @property
    def links(self) -> StoredLinks: ...

    @property
    def records(self) -> Records: ...

    @property
    def vitals(self) -> Vitals: ...

    @property
    def ephemera(self) -> Ephemera: ...

    @property
    def trail(self) -> Trail: ...

    async def __aenter__(self) -> Self:
        """Connect, and create what is missing (tables, the file and its folder)."""

    async def __aexit__(self, *exc_info: object) -> None:
        """Finish what was begun and let go of everything."""

    async def ping(self) -> None:
        """Raise ``StorageUnavailable`` unless the store answers."""
