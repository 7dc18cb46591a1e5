"""Token rows with their accounts: what belongs together is one transaction."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from withings_bridge.domain.accounts import Account, due
from withings_bridge.domain.errors import AccountUnknown, PairChanged
from withings_bridge.domain.links import Link, TokenPair
from withings_bridge.storage.base import JoinChange
from withings_bridge.storage.dynamodb import writes
from withings_bridge.storage.dynamodb.account_item import UNCHANGED, StoredAccount, key_of
from withings_bridge.storage.dynamodb.engine import Engine, Refused, pauses
from withings_bridge.storage.dynamodb.items import milliseconds
from withings_bridge.storage.dynamodb.token_rows import PUSHED, TokenRows, own_key, read_rows
from withings_bridge.storage.dynamodb.writes import Write


class DynamoLinks:
    """``storage.base.Links`` on the shared tokens table and the accounts table."""

    def __init__(self, engine: Engine, *, tokens: str, accounts: str) -> None:
        self._engine = engine
        self._tokens = tokens
        self._accounts = accounts

    async def get(self, user: str) -> Link | None:
        return (await self._rows([user]))[user].link

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
            for former in rows[user].owners - {userid}:
                together += await self._departure(user, former)
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
        stamp = writes.update(
            self._tokens,
            own_key(user),
            f"SET #{PUSHED} = :at, #updated_at = :at",
            condition="#refresh_token > :nothing",
            values={"at": milliseconds(at), "nothing": ""},
        )
        tries = pauses()
        while True:
            try:
                await self._engine.write(stamp)
            except Refused:
                rows = (await self._rows([user]))[user]
            else:
                return
            if rows.link is None:
                return
            # Only the predecessor's bare row is there: this is the write on which it moves.
            await self._done(rows.save(self._tokens, rows.link.account, rows.link.pair))
            await asyncio.sleep(next(tries))

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


def _elsewhere(rows: TokenRows, userid: str) -> bool:
    """Whether the user has meanwhile linked another account: that row is not this account's to write."""
    return rows.link is not None and rows.link.account != userid
