"""Token rows in the embedded store, written together with their accounts.

Columns are the attributes of the tokens table of Vitals7's wire contract, instants epoch milliseconds.
"""

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.errors import AccountUnknown, PairChanged
from withings_bridge.domain.links import API_NAME, SUFFIX, Link, Place, RowName, TokenPair, TokenRow, row_name
from withings_bridge.storage.base import JoinChange, RowsPage, Spelling
from withings_bridge.storage.sqlite import accounts
from withings_bridge.storage.sqlite.database import Database
from withings_bridge.storage.user_rows import PUSHED, UserRows, attributes, milliseconds, respelled


class SqliteLinks:
    """Keeps the promises of ``storage.base.StoredLinks``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user: str) -> Link | None:
        return await self._database.read(lambda connection: read(connection, user).link)

    async def rows(self, user: str) -> list[TokenRow]:
        return await self._database.read(lambda connection: read(connection, user).described)

    async def page(self, *, after: str | None, limit: int) -> RowsPage:
        return await self._database.read(lambda connection: page(connection, after or "", limit))

    async def adopt(self, link: Link, change: JoinChange, *, now: datetime) -> Account:
        return await self._database.write(lambda connection: adopt(connection, link, change, now))

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

    async def respell(self, name: RowName, spell: Spelling) -> bool:
        return await self._database.write(lambda connection: respell(connection, name, spell))


def read(connection: sqlite3.Connection, user: str) -> UserRows:
    """The user's rows as they are stored."""
    found = connection.execute(
        "SELECT * FROM vitals_di_tokens WHERE userId IN (?, ?, ?)", [place.key(user) for place in Place]
    )
    return UserRows.among(user, {row["userId"]: dict(row) for row in found})


def page(connection: sqlite3.Connection, after: str, limit: int) -> RowsPage:
    rows = connection.execute(
        """
        SELECT userId, api_name FROM vitals_di_tokens
        WHERE userId > ? AND (userId GLOB ? OR lower(api_name) = ?)
        ORDER BY userId LIMIT ?
        """,
        (after, f"*{SUFFIX}", API_NAME.lower(), limit),
    ).fetchall()
    names = (row_name(row["userId"], row["api_name"]) for row in rows)
    return RowsPage(tuple(filter(None, names)), rows[-1]["userId"] if len(rows) == limit else None)


def adopt(connection: sqlite3.Connection, link: Link, change: JoinChange, now: datetime) -> Account:
    found = read(connection, link.user).link
    if found is None or (found.account, _name(found.pair)) != (link.account, _name(link.pair)):
        raise PairChanged
    account = change(accounts.load(connection, link.account))
    accounts.store(connection, account, now=now)
    return account


def join(
    connection: sqlite3.Connection, user: str, userid: str, pair: TokenPair, change: JoinChange
) -> Account:
    account = change(accounts.load(connection, userid))
    accounts.store(connection, account, now=pair.saved_at)
    for former in read(connection, user).named - {userid}:
        _take_out(connection, user, former)
    _put_pair(connection, user, userid, pair)
    _put_pair_for_all(connection, account, pair)
    return account


def replace_pair(connection: sqlite3.Connection, userid: str, pair: TokenPair, replacing: TokenPair) -> None:
    account = accounts.load(connection, userid)
    if account is None:
        raise AccountUnknown
    links = [link for user in account.users if (link := read(connection, user).link)]
    stored = {_name(link.pair) for link in links if link.account == userid}
    if _name(replacing) in stored:
        _put_pair_for_all(connection, account, pair)
    elif _name(pair) not in stored:  # else this very call was made before
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
    rows = read(connection, user)
    if rows.link is None:
        return
    place = Place.OWN
    if not rows.holds_pair(place):
        if rows.agree:
            _put_pair(connection, user, rows.link.account, rows.link.pair)
        else:
            place = rows.described[0].name.place
    connection.execute(
        f"UPDATE vitals_di_tokens SET {PUSHED} = :at, updated_at = :at WHERE userId = :key",  # noqa: S608 - a constant
        {"key": RowName(user, place).key, "at": milliseconds(at)},
    )


def respell(connection: sqlite3.Connection, name: RowName, spell: Spelling) -> bool:
    row = read(connection, name.user).found.get(name.place)
    tokens = respelled(row, spell) if row else {}
    for column, token in tokens.items():
        connection.execute(
            f"UPDATE vitals_di_tokens SET {column} = ? WHERE userId = ?",  # noqa: S608 - a constant
            (token, name.key),
        )
    return bool(tokens)


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
    rows = read(connection, user)
    _remove(connection, user, [place for place in rows.found if not rows.names_elsewhere(place, userid)])


def _put_pair_for_all(connection: sqlite3.Connection, account: Account, pair: TokenPair) -> None:
    """Put the pair into the row of every user, save one who meanwhile has linked another account."""
    for user in account.users:
        link = read(connection, user).link
        if link is None or link.account == account.userid:
            _put_pair(connection, user, account.userid, pair)


def _put_pair(connection: sqlite3.Connection, user: str, userid: str, pair: TokenPair) -> None:
    """Write the user's row anew, with the pair and the last push; rows of the predecessor end here."""
    rows = read(connection, user)
    _remove(connection, user, rows.found)
    row = {
        "userId": RowName(user, Place.OWN).key,
        PUSHED: rows.pushed,
        **attributes(user, userid, pair),
    }
    connection.execute(
        f"INSERT INTO vitals_di_tokens ({', '.join(row)}) VALUES (:{', :'.join(row)})",  # noqa: S608 - the names above
        row,
    )


def _remove(connection: sqlite3.Connection, user: str, places: Collection[Place]) -> None:
    for place in places:
        connection.execute("DELETE FROM vitals_di_tokens WHERE userId = ?", (RowName(user, place).key,))


def _name(pair: TokenPair) -> int:
    """What tells a pair from others, as it is stored."""
    return milliseconds(pair.saved_at)
