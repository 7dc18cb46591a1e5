"""Account items in the embedded store: one JSON document each, beside columns that claims are found by.

An announcement is added to the end of a column of its own, which takes a fraction of what it takes to read a
document and write it anew. Whoever reads the account gets both as one, and writing it empties the column.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from withings_bridge.domain import accounts as domain
from withings_bridge.domain.accounts import Account, Lease
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import AccountUnknown, LeaseLost
from withings_bridge.domain.inbox import Lane, News
from withings_bridge.storage.base import Change
from withings_bridge.storage.documents import dump_account, dump_news, load_account, load_news
from withings_bridge.storage.sqlite.database import ANNOUNCE_DEADLINE, Database
from withings_bridge.storage.sqlite.times import from_micros, micros

MOST_ANNOUNCED = 4096
"""Characters. What is announced beyond them is written into the document, with all that waits."""


class SqliteAccounts:
    """Keeps the promises of ``storage.base.Accounts``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, userid: str) -> Account | None:
        return await self._database.read(lambda connection: load(connection, userid))

    async def announce(
        self, userid: str, news: Mapping[Category, News], *, now: datetime, trace: str | None = None
    ) -> bool:
        return await self._database.write(
            lambda connection: announce(connection, userid, news, now, trace), deadline=ANNOUNCE_DEADLINE
        )

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
    row = connection.execute(
        "SELECT document, announced FROM accounts WHERE userid = ?", (userid,)
    ).fetchone()
    return account_in(row) if row else None


def account_in(row: sqlite3.Row) -> Account:
    """The account in the columns ``document`` and ``announced``."""
    account = load_account(row["document"])
    for line in row["announced"].splitlines():
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
            announced = '',
            due_live = excluded.due_live,
            due_errand = excluded.due_errand,
            due_reconcile = excluded.due_reconcile,
            due_backfill = excluded.due_backfill,
            leased_until = excluded.leased_until
        """,
        columns | _document(account),
    )


def rewrite(connection: sqlite3.Connection, account: Account) -> None:
    """Put the account in place of what is stored, due when it was due before."""
    connection.execute(
        """
        UPDATE accounts SET document = :document, announced = '', leased_until = :leased_until
        WHERE userid = :userid
        """,
        _document(account),
    )


def remove(connection: sqlite3.Connection, userid: str) -> None:
    """Forget the account."""
    connection.execute("DELETE FROM accounts WHERE userid = ?", (userid,))


def announce(
    connection: sqlite3.Connection,
    userid: str,
    news: Mapping[Category, News],
    now: datetime,
    trace: str | None,
) -> bool:
    line = f"{dump_news(news, trace)}\n"
    added = connection.execute(
        """
        UPDATE accounts SET announced = announced || :line, due_live = min(coalesce(due_live, :now), :now)
        WHERE userid = :userid AND length(announced) + :length <= :most
        """,
        {"userid": userid, "line": line, "length": len(line), "most": MOST_ANNOUNCED, "now": micros(now)},
    )
    if added.rowcount:
        return True
    account = load(connection, userid)
    if account is None:
        return False
    rewrite(connection, domain.announce(account, news, trace))
    connection.execute(
        "UPDATE accounts SET due_live = min(coalesce(due_live, :now), :now) WHERE userid = :userid",
        {"userid": userid, "now": micros(now)},
    )
    return True


def claim(
    connection: sqlite3.Connection, lease: Lease, lane: Lane, now: datetime, limit: int
) -> list[Account]:
    rows = connection.execute(
        f"""
        SELECT document, announced FROM accounts
        WHERE due_{lane} <= :now AND coalesce(leased_until, :now) <= :now
        ORDER BY due_{lane} LIMIT :limit
        """,  # noqa: S608 - the lane is one of ours
        {"now": micros(now), "limit": limit},
    ).fetchall()
    claimed = [replace(account_in(row), lease=lease) for row in rows]
    for account in claimed:
        rewrite(connection, account)
    return claimed


def earliest_due(connection: sqlite3.Connection, lane: Lane) -> datetime | None:
    (due,) = connection.execute(f"SELECT min(due_{lane}) FROM accounts").fetchone()  # noqa: S608 - the lane is one of ours
    return from_micros(due) if due is not None else None


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
    rows = connection.execute(
        "SELECT document, announced FROM accounts WHERE userid > ? ORDER BY userid LIMIT ?", (after, limit)
    )
    return [account_in(row) for row in rows]


def _check_held(account: Account, holder: str) -> None:
    if account.lease is None or account.lease.holder != holder:
        raise LeaseLost


def _document(account: Account) -> dict[str, str | int | None]:
    return {
        "userid": account.userid,
        "document": dump_account(account),
        "leased_until": micros(account.lease.until) if account.lease else None,
    }
