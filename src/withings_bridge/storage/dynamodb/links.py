"""Token rows with their accounts: what belongs together is one transaction."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from withings_bridge.domain.accounts import Account, due
from withings_bridge.domain.errors import AccountUnknown, PairChanged
from withings_bridge.domain.links import API_NAME, SUFFIX, Link, Place, RowName, TokenPair, TokenRow, row_name
from withings_bridge.storage.base import JoinChange, RowsPage, Spelling
from withings_bridge.storage.dynamodb import writes
from withings_bridge.storage.dynamodb.account_item import UNCHANGED, StoredAccount, key_of
from withings_bridge.storage.dynamodb.engine import Engine, Refused, pauses
from withings_bridge.storage.dynamodb.token_rows import TokenRows, read_rows
from withings_bridge.storage.dynamodb.writes import Write
from withings_bridge.storage.user_rows import PUSHED, milliseconds


class DynamoLinks:
    """``storage.base.StoredLinks`` on the shared tokens table and the accounts table."""

    def __init__(self, engine: Engine, *, tokens: str, accounts: str) -> None:
        self._engine = engine
        self._tokens = tokens
        self._accounts = accounts

    async def get(self, user: str) -> Link | None:
        return (await self._rows([user]))[user].link

    async def rows(self, user: str) -> list[TokenRow]:
        return (await self._rows([user]))[user].described

    async def page(self, *, after: str | None, limit: int) -> RowsPage:
        # Whether a bare row is ours depends on a name whose capitals no filter folds. What the filter lets
        # through is what may be ours, and of that only the key and the name.
        rows, last = await self._engine.scan_page(
            self._tokens,
            after={"userId": after} if after else None,
            limit=limit,
            only="contains(#userId, :suffix) OR begins_with(#api_name, :w) OR begins_with(#api_name, :W)",
            values={"suffix": SUFFIX, "w": API_NAME[0].lower(), "W": API_NAME[0].upper()},
            attributes=("userId", "api_name"),
        )
        names = (row_name(row["userId"], row.get("api_name")) for row in rows)
        return RowsPage(tuple(filter(None, names)), last["userId"] if last else None)

    async def join(self, user: str, userid: str, pair: TokenPair, change: JoinChange) -> Account:
        tries = pauses()
        while True:
            stored = await self._account(userid)
            account = change(stored.account if stored else None)
            times = due(account, pair.saved_at)
            new = (
                stored.next(account, times)
                if stored
                else StoredAccount.new(account, times, now=pair.saved_at)
            )
            rows = await self._rows(account.users | {user})
            together = [new.put(self._accounts, replacing=stored)]
            for each in rows.values():
                if each.user == user or not _elsewhere(each, userid):
                    together += each.save(self._tokens, userid, pair)
            for former in rows[user].named - {userid}:
                together += await self._departure(user, former)
            if await self._done(together):
                return account
            await asyncio.sleep(next(tries))

    async def adopt(self, link: Link, change: JoinChange, *, now: datetime) -> Account:
        tries = pauses()
        while True:
            stored = await self._account(link.account)
            rows = (await self._rows([link.user]))[link.user]
            if not _same(rows.link, link):
                raise PairChanged
            account = change(stored.account if stored else None)
            new = (
                stored.next(account, due(account, now))
                if stored
                else StoredAccount.new(account, due(account, now), now=now)
            )
            together = [new.put(self._accounts, replacing=stored), *rows.unchanged(self._tokens)]
            if await self._done(together):
                return account
            await asyncio.sleep(next(tries))

    async def replace_pair(self, userid: str, pair: TokenPair, *, replacing: TokenPair) -> None:
        tries = pauses()
        while True:
            stored = await self._account(userid)
            if stored is None:
                raise AccountUnknown
            rows = [
                each
                for each in (await self._rows(stored.account.users)).values()
                if not _elsewhere(each, userid)
            ]
            stored_at = {milliseconds(each.link.pair.saved_at) for each in rows if each.link}
            if milliseconds(replacing.saved_at) not in stored_at:
                if milliseconds(pair.saved_at) in stored_at:
                    return  # this very call was made before, and its answer got lost
                raise PairChanged
            together = [self._unchanged(stored)]
            for each in rows:
                together += each.save(self._tokens, userid, pair)
            if await self._done(together):
                return
            await asyncio.sleep(next(tries))

    async def leave(self, user: str, userid: str | None) -> Account | None:
        tries = pauses()
        while True:
            stored = await self._account(userid) if userid else None
            together = (await self._rows([user]))[user].remove(self._tokens, userid)
            left = stored.account if stored else None
            if stored and user in stored.account.users:
                left = replace(stored.account, users=stored.account.users - {user})
                together.append(self._without(stored, left))
            if not together or await self._done(together):
                return left if left and left.users else None
            await asyncio.sleep(next(tries))

    async def end(self, userid: str, only_if: Callable[[Account], bool]) -> bool:
        tries = pauses()
        while True:
            stored = await self._account(userid)
            if stored is None:
                return True
            if not only_if(stored.account):
                return False
            together = [self._without(stored, replace(stored.account, users=frozenset()))]
            for each in (await self._rows(stored.account.users)).values():
                together += each.remove(self._tokens, userid)
            if await self._done(together):
                return True
            await asyncio.sleep(next(tries))

    async def pushed(self, user: str, *, at: datetime) -> None:
        tries = pauses()
        place = Place.OWN
        while True:
            try:
                await self._engine.write(self._stamp(user, place, at))
            except Refused:
                rows = (await self._rows([user]))[user]
            else:
                return
            if rows.link is None:
                return
            if rows.agree:
                # Only rows of the predecessor hold the pair: this is the write on which it moves.
                await self._done(rows.save(self._tokens, rows.link.account, rows.link.pair))
                place = Place.OWN
            else:
                place = rows.described[0].name.place
            await asyncio.sleep(next(tries))

    async def respell(self, name: RowName, spell: Spelling) -> bool:
        tries = pauses()
        while True:
            rows = (await self._rows([name.user]))[name.user]
            write = rows.respell(self._tokens, name.place, spell)
            if write is None:
                return False
            try:
                await self._engine.write(write)
            except Refused:
                await asyncio.sleep(next(tries))
            else:
                return True

    async def _rows(self, users: Iterable[str]) -> dict[str, TokenRows]:
        return await read_rows(self._engine, self._tokens, users)

    async def _account(self, userid: str) -> StoredAccount | None:
        item = await self._engine.get(self._accounts, key_of(userid))
        return StoredAccount.load(item) if item else None

    async def _done(self, together: list[Write]) -> bool:
        try:
            await self._engine.transact(together)
        except Refused:
            return False
        return True

    def _stamp(self, user: str, place: Place, at: datetime) -> Write:
        return writes.update(
            self._tokens,
            {"userId": RowName(user, place).key},
            f"SET #{PUSHED} = :at, #updated_at = :at",
            condition="#refresh_token > :nothing",
            values={"at": milliseconds(at), "nothing": ""},
        )

    def _unchanged(self, stored: StoredAccount) -> Write:
        key, version = key_of(stored.account.userid), {"version": stored.version}
        return writes.check(self._accounts, key, condition=UNCHANGED, values=version)

    async def _departure(self, user: str, userid: str) -> list[Write]:
        """What takes the user out of the account, if they are in it."""
        stored = await self._account(userid)
        if stored is None or user not in stored.account.users:
            return []
        return [self._without(stored, replace(stored.account, users=stored.account.users - {user}))]

    def _without(self, stored: StoredAccount, left: Account) -> Write:
        """The account with a user less, due as before; without any user it goes."""
        if left.users:
            return stored.next(left, stored.due).put(self._accounts, replacing=stored)
        key, version = key_of(left.userid), {"version": stored.version}
        return writes.delete(self._accounts, key, condition=UNCHANGED, values=version)


def _same(found: Link | None, read: Link) -> bool:
    """Whether a link is still the one that was read."""
    return found is not None and (found.account, milliseconds(found.pair.saved_at)) == (
        read.account,
        milliseconds(read.pair.saved_at),
    )


def _elsewhere(rows: TokenRows, userid: str) -> bool:
    """Whether the user has meanwhile linked another account: that row is not this account's to write."""
    return rows.link is not None and rows.link.account != userid
