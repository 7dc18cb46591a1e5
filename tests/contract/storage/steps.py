"""Steps that several of these tests take."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from builders import SECOND, an_account
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.inbox import Lane
from withings_bridge.storage.base import Accounts, JoinChange

LEASE = 15 * SECOND

Linking = Callable[..., Awaitable[Account]]
"""The fixture ``link``: store an account with the given fields, by default one with nothing to do."""


def giving(account: Account) -> JoinChange:
    """Store this account, whatever is there."""
    return lambda _: account


def with_users(userid: str, *users: str) -> JoinChange:
    """Store an account of these users with nothing to do, whatever is there."""
    return giving(an_account(userid, *users))


def with_one_more(userid: str, user: str) -> JoinChange:
    """Add the user to what is there, if anything."""

    def join(account: Account | None) -> Account:
        return replace(account, users=account.users | {user}) if account else an_account(userid, user)

    return join


def given_back(account: Account) -> Account:
    """Without its lease."""
    return replace(account, lease=None)


async def claimed(
    accounts: Accounts, userid: str, *, lane: Lane = Lane.LIVE, now: datetime, worker: str = "worker"
) -> Account | None:
    """The account, if a claim of all that is due gives it."""
    found = await accounts.claim(worker, lane=lane, now=now, lease=LEASE, limit=1000)
    return next((account for account in found if account.userid == userid), None)
