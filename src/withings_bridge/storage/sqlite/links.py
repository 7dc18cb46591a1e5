"""Token rows in the embedded store, written together with their accounts.

Columns are the attributes of the tokens table of Vitals7's wire contract, instants epoch milliseconds.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.errors import AccountUnknown, PairChanged
from withings_bridge.domain.links import Link, TokenPair
from withings_bridge.storage.base import JoinChange
from withings_bridge.storage.sqlite import accounts
from withings_bridge.storage.sqlite.database import Database
from withings_bridge.storage.sqlite.times import from_millis, millis

SUFFIX = "#withings"

USUAL_LIFETIME = 10800
"""Seconds; for rows of the predecessor that do not say."""

_OF_USER = "(userId = :user || '#withings' OR (userId = :user AND lower(api_name) = 'withings'))"
"""The user's row, and the bare one that the predecessor may have left; no other connector's."""

_NAMES_NOBODY = "coalesce(withings_userid, '') IN ('', 'undefined')"
"""A damaged row: the predecessor wrote ``undefined`` when a refresh had failed."""

_HOLDS_PAIR = f"(coalesce(refresh_token, '') <> '' AND NOT {_NAMES_NOBODY})"


class SqliteLinks:
    """Keeps the promises of ``storage.base.Links``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user: str) -> Link | None:
        return await self._database.read(lambda connection: load(connection, user))

    async def join(self, user: str, userid: str, pair: TokenPair, change: JoinChange) -> Account:
        return await self._database.write(lambda connection: join(connection, user, userid, pair, change))

    async def replace_pair(self, userid: str, pair: TokenPair, *, replacing: TokenPair) -> None:
        await self._database.write(lambda connection: replace_pair(connection, userid, pair, replacing))

    async def leave(self, user: str, userid: str | None) -> Account | None:
        return await self._database.write(lambda connection: leave(connection, user, userid))

    async def end(self, userid: str, only_if: Callable[[Account], bool]) -> bool:
        return await self._database.write(lambda connection: end(connection, userid, only_if))

    async def pushed(self, user: str, *, at: datetime) -> None:
        await self._database.write(lambda connection: pushed(connection, user, at))


def load(connection: sqlite3.Connection, user: str) -> Link | None:
    """The user's link, as the row says that holds a pair."""
    row = _row(connection, user)
    if row is None:
        return None
    pair = TokenPair(
        access_token=row["access_token"] or "",
        refresh_token=row["refresh_token"],
        expires_at=from_millis(row["expires_at"] or 0),
        saved_at=from_millis(row["created_at"] or 0),
        lifetime=timedelta(seconds=row["expires_in"] or USUAL_LIFETIME),
    )
    pushed_at = row["last_vitals7_push_at"]
    return Link(
        user=user,
        account=row["withings_userid"],
        pair=pair,
        pushed_at=from_millis(pushed_at) if pushed_at else None,
    )


def join(
    connection: sqlite3.Connection, user: str, userid: str, pair: TokenPair, change: JoinChange
) -> Account:
    account = change(accounts.load(connection, userid))
    accounts.store(connection, account, now=pair.saved_at)
    for former in _owners(connection, user) - {userid}:
        _take_out(connection, user, former)
    _put_pair(connection, user, userid, pair)
    _put_pair_for_all(connection, account, pair)
    return account


def replace_pair(connection: sqlite3.Connection, userid: str, pair: TokenPair, replacing: TokenPair) -> None:
    account = accounts.load(connection, userid)
    if account is None:
        raise AccountUnknown
    links = [link for user in account.users if (link := load(connection, user))]
    stored = {millis(link.pair.saved_at) for link in links if link.account == userid}
    if millis(replacing.saved_at) in stored:
        _put_pair_for_all(connection, account, pair)
    elif millis(pair.saved_at) not in stored:  # else this very call was made before
        raise PairChanged


def leave(connection: sqlite3.Connection, user: str, userid: str | None) -> Account | None:
    _remove_rows(connection, user, userid)
    return _take_out(connection, user, userid) if userid else None


def end(connection: sqlite3.Connection, userid: str, only_if: Callable[[Account], bool]) -> bool:
    account = accounts.load(connection, userid)
    if account is None:
        return True
    if not only_if(account):
        return False
    for user in account.users:
        _remove_rows(connection, user, userid)
    accounts.remove(connection, userid)
    return True


def pushed(connection: sqlite3.Connection, user: str, at: datetime) -> None:
    row = _row(connection, user)
    connection.execute(
        "UPDATE vitals_di_tokens SET last_vitals7_push_at = :at, updated_at = :at WHERE userId = :key",
        {"key": row["userId"] if row else user + SUFFIX, "at": millis(at)},
    )


def _row(connection: sqlite3.Connection, user: str) -> sqlite3.Row | None:
    """The row that holds the user's pair: the suffixed one, else a bare one of the predecessor."""
    row: sqlite3.Row | None = connection.execute(
        f"""
        SELECT * FROM vitals_di_tokens
        WHERE {_OF_USER} AND {_HOLDS_PAIR}
        ORDER BY userId DESC LIMIT 1
        """,  # noqa: S608 - constants
        {"user": user},
    ).fetchone()
    return row


def _owners(connection: sqlite3.Connection, user: str) -> set[str]:
    """The Withings accounts that rows of the user name."""
    rows = connection.execute(
        f"SELECT withings_userid FROM vitals_di_tokens WHERE {_OF_USER} AND NOT {_NAMES_NOBODY}",  # noqa: S608 - constants
        {"user": user},
    )
    return {row["withings_userid"] for row in rows}


def _take_out(connection: sqlite3.Connection, user: str, userid: str) -> Account | None:
    """The account with a user less; without any user it goes."""
    account = accounts.load(connection, userid)
    if account is None:
        return None
    left = replace(account, users=account.users - {user})
    if not left.users:
        accounts.remove(connection, userid)
        return None
    accounts.rewrite(connection, left)
    return left


def _remove_rows(connection: sqlite3.Connection, user: str, userid: str | None) -> None:
    """Take the user's rows away, except one that holds a pair of another Withings account."""
    connection.execute(
        f"DELETE FROM vitals_di_tokens WHERE {_OF_USER} AND (withings_userid = :userid OR NOT {_HOLDS_PAIR})",  # noqa: S608 - constants
        {"user": user, "userid": userid},
    )


def _put_pair_for_all(connection: sqlite3.Connection, account: Account, pair: TokenPair) -> None:
    """Put the pair into the row of every user, save one who meanwhile has linked another account."""
    for user in account.users:
        link = load(connection, user)
        if link is None or link.account == account.userid:
            _put_pair(connection, user, account.userid, pair)


def _put_pair(connection: sqlite3.Connection, user: str, userid: str, pair: TokenPair) -> None:
    """Write the user's row anew, with the pair and the last push; a bare row ends here."""
    kept = connection.execute(
        f"SELECT max(last_vitals7_push_at) AS pushed_at FROM vitals_di_tokens WHERE {_OF_USER}",  # noqa: S608 - constants
        {"user": user},
    ).fetchone()
    connection.execute(f"DELETE FROM vitals_di_tokens WHERE {_OF_USER}", {"user": user})  # noqa: S608 - constants
    row = {
        "userId": user + SUFFIX,
        "cognito_user_id": user,
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_in": pair.lifetime // timedelta(seconds=1),
        "expires_at": millis(pair.expires_at),
        "created_at": millis(pair.saved_at),
        "updated_at": millis(pair.saved_at),
        "api_name": "Withings",
        "token_type": "bearer",
        "withings_userid": userid,
        "last_vitals7_push_at": kept["pushed_at"],
    }
    connection.execute(
        f"INSERT INTO vitals_di_tokens ({', '.join(row)}) VALUES (:{', :'.join(row)})",  # noqa: S608 - the names above
        row,
    )
