"""Whether Withings announces what is wanted of each linked account.

All accounts are looked at as they are stored; of a few Withings itself is asked, with access tokens that are
still good, so that the look refreshes none.
"""

from collections.abc import AsyncIterator, Sequence

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.checkups import Checkup, Result
from withings_bridge.domain.errors import StorageError, WithingsError
from withings_bridge.domain.notifications import APPLIS
from withings_bridge.services.clock import Clock
from withings_bridge.services.links.subscriptions import Subscribing
from withings_bridge.storage.base import Accounts, Links
from withings_bridge.withings import WithingsClient

NAME = "subscriptions"

MOST_ASKED = 3
"""Accounts of which Withings is asked: each costs a call."""

MOST_NAMED = 5


class TheSubscriptions:
    """Compares what is wanted, what is stored, and what Withings says."""

    name = NAME

    def __init__(
        self,
        *,
        accounts: Accounts,
        links: Links,
        client: WithingsClient,
        subscribing: Subscribing,
        callback_url: str | None,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._client = client
        self._subscribing = subscribing
        self._callback_url = callback_url
        self._clock = clock

    async def look(self) -> Sequence[Checkup]:
        """See ``Check``."""
        if self._callback_url is None:
            return [Checkup(NAME, Result.UNKNOWN, "There are none without a webhook URL.")]
        linked, lacking, asked = 0, [], 0
        found: list[Checkup] = []
        async for account in self._linked():
            linked += 1
            if any(not each.confirmed for each in self._subscribing.registrations(account)):
                lacking.append(account.userid)
            elif asked < MOST_ASKED and (token := await self._token(account)):
                asked += 1
                found += await self._at_withings(account, token, self._callback_url)
        if lacking:
            found.append(_lacking(lacking, linked))
        well = (
            f"All {linked} linked accounts have theirs, as far as is stored; of {asked} Withings was asked."
        )
        return found or [Checkup(NAME, Result.OK, well if linked else "Nobody is linked yet.")]

    async def _linked(self) -> AsyncIterator[Account]:
        """Accounts whose link is alive: of the others nothing is announced until people connect again."""
        after: str | None = None
        while accounts := await self._accounts.list(after=after):
            for account in accounts:
                if account.consent_needed_at is None:
                    yield account
            after = accounts[-1].userid

    async def _token(self, account: Account) -> str | None:
        """An access token that need not be refreshed."""
        for user in sorted(account.users):
            try:
                link = await self._links.get(user)
            except StorageError:
                return None
            if link and link.account == account.userid and link.pair.expires_at > self._clock():
                return link.pair.access_token
        return None

    async def _at_withings(self, account: Account, token: str, callback_url: str) -> list[Checkup]:
        try:
            profiles = (await self._client.subscriptions(token)).models
        except WithingsError as error:
            seen = f"Withings did not say which account {account.userid} has: {error}"
            return [Checkup(NAME, Result.UNKNOWN, seen, "Run this again in a minute.")]
        listed = {profile.appli for profile in profiles if profile.callbackurl == callback_url}
        gone = sorted(account.subscriptions.confirmed - listed)
        if not gone:
            return []
        names = ", ".join(
            f"{APPLIS[appli].description} ({appli})" if appli in APPLIS else f"{appli}" for appli in gone
        )
        seen = f"Withings no longer announces to us, of account {account.userid}: {names}."
        return [Checkup(NAME, Result.WRONG, seen, "The next sweep of a running bridge subscribes them anew.")]


def _lacking(userids: Sequence[str], linked: int) -> Checkup:
    named = ", ".join(userids[:MOST_NAMED]) + (", ..." if len(userids) > MOST_NAMED else "")
    seen = f"Some are missing of {len(userids)} of {linked} linked accounts: {named}."
    mend = (
        "A running bridge subscribes what is missing by itself; `withings-bridge inbox list` says what keeps "
        "it, and who has not consented to all of it must connect again."
    )
    return Checkup(NAME, Result.WARNING, seen, mend)
