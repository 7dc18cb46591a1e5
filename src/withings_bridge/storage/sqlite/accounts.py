"""Account items in the embedded store: one JSON document each, beside columns that claims are found by.

An announcement is a line in a table of its own, to which lines are only added: all that come together by one
statement, on one page of the file. Whoever reads an account gets document and lines as one, and whoever
writes it takes the lines away.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from withings_bridge.domain import accounts as domain
from withings_bridge.domain.accounts import Account, Lease
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import AccountUnknown, LeaseLost
from withings_bridge.domain.inbox import Lane, News
from withings_bridge.storage.base import Change
from withings_bridge.storage.documents import dump_account, dump_news, load_account, load_news
from withings_bridge.storage.sqlite.database import ANNOUNCE_DEADLINE, Database
from withings_bridge.storage.sqlite.times import from_micros, micros

MOST_ANNOUNCED = 64
"""Lines of one account, and those that come with the last of them. What is announced beyond is written into
the document, with all that waits.
"""

Announcement = tuple[str, int, str]
"""Of which account, when, and a line of ``dump_news``."""

_ACCOUNTS = """
SELECT document, (
    SELECT group_concat(line, char(10))
    FROM (SELECT line FROM announcements WHERE announcements.userid = accounts.userid ORDER BY number)
) AS announced
FROM accounts
"""


class SqliteAccounts:
    """Keeps the promises of ``storage.base.Accounts``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, userid: str) -> Account | None:
        return await self._database.read(lambda connection: load(connection, userid))

    async def announce(
        self, userid: str, news: Mapping[Category, News], *, now: datetime, trace: str | None = None
    ) -> bool:
        announcement = (userid, micros(now), dump_news(news, trace))
        return await self._database.write_together(announce, announcement, deadline=ANNOUNCE_DEADLINE)

    async def claim(
        self, worker: str, *, lane: Lane, now: datetime, lease: timedelta, limit: int
    ) -> list[Account]:
        return await self._database.write(
            lambda connection: claim(connection, Lease(worker, now + lease), lane, now, limit)
        )

    async def earliest_due(self, lane: Lane) -> datetime | None:
        return await self._database.read(lambda connection: earliest_due(connection, lane))

    async def claim_one(self, userid: str, worker: str, *, now: datetime, lease: timedelta) -> Account | None:
        return await self._database.write(
            lambda connection: claim_one(connection, userid, Lease(worker, now + lease), now)
        )

    async def renew(self, userid: str, worker: str, *, now: datetime, lease: timedelta) -> None:
        await self._database.write(lambda connection: renew(connection, userid, Lease(worker, now + lease)))

    async def change(
        self, userid: str, change: Change, *, now: datetime, holder: str | None = None
    ) -> Account:
        return await self._database.write(
            lambda connection: apply(connection, userid, change, now, holder=holder)
        )

    async def list(self, *, after: str | None = None, limit: int = 100) -> list[Account]:
        return await self._database.read(lambda connection: page(connection, after or "", limit))


def load(connection: sqlite3.Connection, userid: str) -> Account | None:
    """The account as it is stored, or None."""
    row = connection.execute(f"{_ACCOUNTS} WHERE userid = ?", (userid,)).fetchone()
    return _account_in(row) if row else None


def _account_in(row: sqlite3.Row) -> Account:
    account = load_account(row["document"])
    for line in (row["announced"] or "").splitlines():
        account = domain.announce(account, *load_news(line))
    return account


def store(connection: sqlite3.Connection, account: Account, *, now: datetime) -> None:
    """Put the account in place of what is stored, due when the domain says it is."""
    due = domain.due(account, now)
    columns = {f"due_{lane}": micros(due[lane]) if lane in due else None for lane in Lane}
    connection.execute(
        """
        INSERT INTO accounts (
            userid, document, due_live, due_errand, due_reconcile, due_backfill, leased_until
        )
        VALUES (:userid, :document, :due_live, :due_errand, :due_reconcile, :due_backfill, :leased_until)
        ON CONFLICT (userid) DO UPDATE SET
            document = excluded.document,
            due_live = excluded.due_live,
            due_errand = excluded.due_errand,
            due_reconcile = excluded.due_reconcile,
            due_backfill = excluded.due_backfill,
            leased_until = excluded.leased_until
        """,
        columns | _document(account),
    )
    _forget_announced(connection, account.userid)


def rewrite(connection: sqlite3.Connection, account: Account) -> None:
    """Put the account in place of what is stored, due when it was due before."""
    connection.execute(
        """
        UPDATE accounts SET
            document = :document,
            leased_until = :leased_until,
            due_live = (
                SELECT min(due)
                FROM (SELECT due_live AS due UNION ALL SELECT at FROM announcements WHERE userid = :userid)
            )
        WHERE userid = :userid
        """,
        _document(account),
    )
    _forget_announced(connection, account.userid)


def remove(connection: sqlite3.Connection, userid: str) -> None:
    """Forget the account."""
    connection.execute("DELETE FROM accounts WHERE userid = ?", (userid,))
    _forget_announced(connection, userid)


def announce(connection: sqlite3.Connection, announcements: Sequence[Announcement]) -> list[bool]:
    """Add each to what waits of its account; whether that is known."""
    added = connection.execute(
        """
        INSERT INTO announcements (userid, at, line)
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
        FROM json_each(:announcements)
        WHERE EXISTS (SELECT 1 FROM accounts WHERE userid = json_extract(value, '$[0]'))
        AND (SELECT count(*) FROM announcements WHERE userid = json_extract(value, '$[0]')) < :most
        """,
        {"announcements": msgspec.json.encode(announcements).decode(), "most": MOST_ANNOUNCED},
    ).rowcount
    if added == len(announcements):
        return [True] * added
    newest = connection.execute("SELECT userid FROM announcements ORDER BY number DESC LIMIT ?", (added,))
    there = Counter(row["userid"] for row in newest)
    known = []
    for each in announcements:
        is_there = there[each[0]] > 0
        there[each[0]] -= is_there
        known.append(is_there or _announce_in_full(connection, each))
    return known


def _announce_in_full(connection: sqlite3.Connection, announcement: Announcement) -> bool:
    """Write it into the document of its account, with all that waits."""
    userid, at, line = announcement
    account = load(connection, userid)
    if account is None:
        return False
    rewrite(connection, domain.announce(account, *load_news(line)))
    connection.execute(
        "UPDATE accounts SET due_live = min(coalesce(due_live, :at), :at) WHERE userid = :userid",
        {"userid": userid, "at": at},
    )
    return True


def _forget_announced(connection: sqlite3.Connection, userid: str) -> None:
    connection.execute("DELETE FROM announcements WHERE userid = ?", (userid,))


def claim(
    connection: sqlite3.Connection, lease: Lease, lane: Lane, now: datetime, limit: int
) -> list[Account]:
    due = _due(connection, lane, now, limit)
    if lane is Lane.LIVE:
        for userid, at in _announced(connection, now, limit).items():
            due[userid] = min(at, due.get(userid, at))
    claimed = []
    for userid in sorted(due, key=due.__getitem__)[:limit]:
        if account := load(connection, userid):
            claimed.append(replace(account, lease=lease))
            rewrite(connection, claimed[-1])
    return claimed


def _due(connection: sqlite3.Connection, lane: Lane, now: datetime, limit: int) -> dict[str, int]:
    """Accounts that nobody holds, and since when they are due, as far as their columns tell."""
    rows = connection.execute(
        f"""
        SELECT userid, due_{lane} FROM accounts
        WHERE due_{lane} <= :now AND coalesce(leased_until, :now) <= :now
        ORDER BY due_{lane} LIMIT :limit
        """,  # noqa: S608 - the lane is one of ours
        {"now": micros(now), "limit": limit},
    )
    return {userid: due for userid, due in rows}  # noqa: C416 - rows, which are no pairs to mypy


def _announced(connection: sqlite3.Connection, now: datetime, limit: int) -> dict[str, int]:
    """The same, as far as lines tell that wait."""
    lines = connection.execute(
        """
        SELECT userid, at FROM announcements CROSS JOIN accounts USING (userid)
        WHERE at <= :now AND coalesce(leased_until, :now) <= :now
        ORDER BY at
        """,
        {"now": micros(now)},
    )
    due: dict[str, int] = {}
    for userid, at in lines:
        due.setdefault(userid, at)
        if len(due) == limit:
            break
    lines.close()
    return due


def earliest_due(connection: sqlite3.Connection, lane: Lane) -> datetime | None:
    rows = [connection.execute(f"SELECT min(due_{lane}) FROM accounts").fetchone()]  # noqa: S608 - the lane is one of ours
    if lane is Lane.LIVE:
        rows.append(connection.execute("SELECT min(at) FROM announcements").fetchone())
    times = [due for (due,) in rows if due is not None]
    return from_micros(min(times)) if times else None


def claim_one(connection: sqlite3.Connection, userid: str, lease: Lease, now: datetime) -> Account | None:
    account = load(connection, userid)
    if account is None or account.leased_at(now):
        return None
    claimed = replace(account, lease=lease)
    rewrite(connection, claimed)
    return claimed


def renew(connection: sqlite3.Connection, userid: str, lease: Lease) -> None:
    account = load(connection, userid)
    if account is None:
        raise LeaseLost
    _check_held(account, lease.holder)
    rewrite(connection, replace(account, lease=lease))


def apply(
    connection: sqlite3.Connection, userid: str, change: Change, now: datetime, *, holder: str | None
) -> Account:
    account = load(connection, userid)
    if account is None:
        raise AccountUnknown
    if holder is not None:
        _check_held(account, holder)
    changed = change(account)
    store(connection, changed, now=now)
    return changed


def page(connection: sqlite3.Connection, after: str, limit: int) -> list[Account]:
    rows = connection.execute(f"{_ACCOUNTS} WHERE userid > ? ORDER BY userid LIMIT ?", (after, limit))
    return [_account_in(row) for row in rows]


def _check_held(account: Account, holder: str) -> None:
    if account.lease is None or account.lease.holder != holder:
        raise LeaseLost


def _document(account: Account) -> dict[str, str | int | None]:
    return {
        "userid": account.userid,
        "document": dump_account(account),
        "leased_until": micros(account.lease.until) if account.lease else None,
    }
