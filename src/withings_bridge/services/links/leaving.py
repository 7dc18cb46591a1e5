"""End a link: at Withings first, then here.

Who leaves last takes the account along: its subscriptions and its grant are revoked upstream. While
others stay, nothing is said to Withings. Every step is safe to repeat, and a call that was cut off at
any point is completed by the next.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from withings_bridge.domain.accounts import Account, emptied
from withings_bridge.domain.callbacks import is_ours
from withings_bridge.domain.errors import (
    AlreadyAbsent,
    BadToken,
    BridgeError,
    RateLimited,
    UserUnknown,
    WithingsError,
)
from withings_bridge.domain.links import TokenPair, can_be_user
from withings_bridge.domain.trail import What
from withings_bridge.services.clock import Clock
from withings_bridge.services.holding import Holding
from withings_bridge.services.links.granting import Granting
from withings_bridge.services.links.tokens import Tokens
from withings_bridge.services.noting import Noting
from withings_bridge.storage.base import Accounts, Links, Records, Trail, Vitals
from withings_bridge.storage.encryption import TokensUnreadable
from withings_bridge.withings import WithingsClient, WithingsOAuth

log = structlog.get_logger()

UPSTREAM = timedelta(seconds=15)
"""How long Withings may take in all: somebody waits for the end of it."""

SUBSCRIPTIONS_SHARE = 0.8
"""How much of that is for the subscriptions; revoking the grant ends what is left of them too."""

SPACING = timedelta(seconds=1)
"""Between two revocations of subscriptions: bursts fail more often."""


@dataclass(frozen=True, slots=True)
class Former:
    """What a user is about to leave, or has left."""

    account: str
    """Withings userid."""
    pair: TokenPair | None
    """None where the key to it is lost."""
    known: bool
    """Whether the account was ours: a row of the predecessor that nobody has adopted yet tells
    nothing about others who share its account.
    """


@dataclass(frozen=True, slots=True)
class Disconnected:
    """How a disconnect ended."""

    linked: bool
    """Whether there was a link to end."""
    shared: bool = False
    """Whether others stay linked to the same Withings account."""
    confirmed: bool = False
    """Whether Withings confirmed the end of the grant."""
    purged: bool = False

    @property
    def message(self) -> str:
        """What to tell the person."""
        said = ["Withings is disconnected." if self.linked else "No Withings account was linked."]
        if self.purged:
            said.append("What it had brought is deleted.")
        if self.shared:
            said.append("Others stay linked to the same Withings account.")
        elif self.linked and not self.confirmed:
            said.append("Withings did not confirm; remove the app in the Withings app too.")
        return " ".join(said)


class Leaving:
    """Ends links."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        links: Links,
        records: Records,
        vitals: Vitals,
        trail: Trail,
        tokens: Tokens,
        client: WithingsClient,
        oauth: WithingsOAuth,
        granting: Granting,
        holding: Holding,
        noting: Noting,
        callback_url: str | None,
        clock: Clock,
        spacing: timedelta = SPACING,
        patience: timedelta = UPSTREAM,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._records = records
        self._vitals = vitals
        self._trail = trail
        self._tokens = tokens
        self._client = client
        self._oauth = oauth
        self._granting = granting
        self._holding = holding
        self._noting = noting
        self._callback_url = callback_url
        self._clock = clock
        self._spacing = spacing
        self._patience = patience

    async def disconnect(self, user: str, *, purge: bool = False) -> Disconnected:
        """End the user's link; nothing is left of it but what was brought, and with ``purge`` not that.

        Withings is asked for at most 15 seconds and need not agree. A turn under way is given some
        seconds to end, or is stopped. Raises UserUnknown for what cannot be a user's id, and a
        StorageError when it could not be completed: then it is to be repeated.

        Records belong to the account: they are purged when its last user leaves it, and only by that
        call, for later nobody knows whose they were.
        """
        if not can_be_user(user):
            raise UserUnknown("That cannot be the id of a user.")
        ended = Disconnected(linked=False, purged=purge)
        left: set[str] = set()
        # A bare row of the predecessor may name yet another account than the row that hid it.
        while (former := await self.former(user)) and former.account not in left:
            ended = await self._leave(user, former, purge=purge)
            left.add(former.account)
        await self._links.leave(user, None)
        if purge:
            await self._vitals.forget(user)
        if left or purge:  # else nobody of that name is here
            log.info("disconnected", user=user, accounts=sorted(left), purged=purge)
        return ended

    async def former(self, user: str) -> Former | None:
        """The link that the user has now, for the time when they no longer have it."""
        try:
            link = await self._links.get(user)
        except TokensUnreadable as error:
            userid, pair = error.account, None
        else:
            if link is None:
                return None
            userid, pair = link.account, link.pair
        return Former(userid, pair, known=await self._accounts.get(userid) is not None)

    async def let_go(self, former: Former) -> None:
        """Revoke what a user has left by linking another account, unless somebody uses it.

        Never raises for what Withings or the store do: the user has what they came for.
        """
        try:
            async with self._granting.alone(former.account):
                if former.known and await self._accounts.get(former.account) is None:
                    await self._revoke(former, None)
        except BridgeError as error:
            log.warning("not revoked at Withings", account=former.account, reason=str(error))

    async def _leave(self, user: str, former: Former, *, purge: bool) -> Disconnected:
        userid = former.account
        async with self._granting.alone(userid), self._holding.taken(userid) as account:
            shared = account is not None and bool(account.users - {user})
            confirmed = False
            if account and not shared:
                confirmed = await self._revoke(former, account)
                if purge:
                    await self._purge(account, user)
            await self._links.leave(user, userid)
            if purge and not shared:
                self._noting.forget(userid)
                await self._noting.flush()  # what is being written now would land behind the purge
                await self._trail.forget(userid)
            else:
                self._noting.note(userid, What.LEFT, user=user)
        return Disconnected(linked=True, shared=shared, confirmed=confirmed, purged=purge)

    async def _purge(self, account: Account, user: str) -> None:
        """Forget the account's records, unless somebody else has joined it in spite of all."""
        if (await self._holding.check(account)).users - {user}:
            return
        holder = account.lease.holder if account.lease else None
        await self._accounts.change(account.userid, emptied, now=self._clock(), holder=holder)
        await self._records.forget(account.userid)

    async def _revoke(self, former: Former, account: Account | None) -> bool:
        """Take back at Withings what it gave us; whether it confirmed. Bounded in time."""
        seconds = self._patience.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds * SUBSCRIPTIONS_SHARE):
                        await self._unsubscribe(former, account)
                await self._granting.revoke(former.account)
        except (BridgeError, TimeoutError) as error:
            log.warning("not revoked at Withings", account=former.account, reason=type(error).__name__)
            return False
        log.info("revoked at Withings", account=former.account)
        return True

    async def _unsubscribe(self, former: Former, account: Account | None) -> None:
        """Revoke our subscriptions, as far as Withings plays along; those of others stay."""
        if self._callback_url is None:
            return
        try:
            token = await self._token(former, account)
            if token is None:
                return
            profiles = (await self._client.subscriptions(token)).models
            ours = [profile for profile in profiles if is_ours(profile.callbackurl, self._callback_url)]
            for number, profile in enumerate(ours):
                if number:
                    await asyncio.sleep(self._spacing.total_seconds())
                await self._unsubscribe_one(former, token, profile.callbackurl, profile.appli)
        except BridgeError as error:
            log.warning("not unsubscribed", account=former.account, reason=type(error).__name__)

    async def _unsubscribe_one(self, former: Former, token: str, url: str, appli: int) -> None:
        """One of them. Raises what the next ones would be refused for too."""
        try:
            await self._client.unsubscribe(token, url, appli)
        except AlreadyAbsent:
            return
        except (BadToken, RateLimited):
            raise
        except WithingsError as error:
            log.warning("not unsubscribed", account=former.account, appli=appli, reason=type(error).__name__)

    async def _token(self, former: Former, account: Account | None) -> str | None:
        """An access token: of the account by the usual way, of a pair that nobody uses any more by itself."""
        if account:
            return await self._tokens.call(account, _itself)
        if former.pair is None:
            return None
        if former.pair.fresh_at(self._clock()):
            return former.pair.access_token
        reply = await self._oauth.refresh(former.pair.refresh_token)
        return reply.access_token.get_secret_value()


async def _itself(access_token: str) -> str:
    return access_token
