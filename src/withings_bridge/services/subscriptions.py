"""What Withings is to announce, compared with what it announces.

List, compare, subscribe what is missing, one call a step and some seconds apart: bursts fail more
often, and subscribing twice is not documented as harmless. Callbacks of others that use the same
Withings application are left alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.errors import BadParameters, BadScope, CallbackRefused
from withings_bridge.domain.inbox import ASKED, Done, Subscriptions, Task
from withings_bridge.domain.notifications import APPLIS
from withings_bridge.services.clock import Clock
from withings_bridge.services.tokens import Tokens
from withings_bridge.withings import WithingsClient

log = structlog.get_logger()

LIST_LASTS = timedelta(minutes=10)
"""How long a list of Withings' is trusted while the missing ones are subscribed one by one."""


class Subscribing:
    """Subscribes our callback URL to the configured notification categories."""

    def __init__(
        self,
        *,
        client: WithingsClient,
        tokens: Tokens,
        callback_url: str | None,
        applis: Sequence[int],
        spacing: timedelta,
        clock: Clock,
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._callback_url = callback_url
        self._applis = applis
        self._spacing = spacing
        self._clock = clock

    async def step(self, account: Account, task: Task) -> Done:
        """Do one call towards what is wanted; the result asks for the next step while one is left.

        Raises CallbackRefused when Withings does not accept the URL: then it is refused for all.
        """
        if self._callback_url is None:
            log.warning(
                "no webhook URL is configured; Withings will not announce news", account=account.userid
            )
            return Done(task)
        known = await self._known(account, self._callback_url)
        missing = self._missing(account, known)
        if missing:
            known = await self._subscribe(account, self._callback_url, missing[0], known)
        if self._missing(account, known):
            return Done(task, subscriptions=known, news=ASKED, pause_until=self._clock() + self._spacing)
        return Done(task, subscriptions=known)

    async def _known(self, account: Account, callback_url: str) -> Subscriptions:
        known = account.subscriptions
        now = self._clock()
        if known.checked_at and now - known.checked_at < LIST_LASTS:
            return known
        profiles = await self._tokens.call(account, self._client.subscriptions)
        ours = {profile.appli for profile in profiles.models if profile.callbackurl == callback_url}
        return Subscriptions(confirmed=frozenset(ours), checked_at=now)

    def _missing(self, account: Account, known: Subscriptions) -> list[int]:
        settled = known.confirmed | known.refused
        return [
            appli
            for appli in self._applis
            if appli not in settled and (not account.scopes or _scope(appli) in account.scopes)
        ]

    async def _subscribe(
        self, account: Account, callback_url: str, appli: int, known: Subscriptions
    ) -> Subscriptions:
        try:
            await self._tokens.call(account, lambda token: self._client.subscribe(token, callback_url, appli))
        except CallbackRefused:
            raise
        except (BadScope, BadParameters) as error:
            log.warning("Withings notify refused", appli=appli, account=account.userid, status=error.status)
            return replace(known, refused=known.refused | {appli})
        # The wording is kept for people who search the logs for it.
        log.info("Withings notify subscribed appli=%d", appli, account=account.userid)
        return replace(known, confirmed=known.confirmed | {appli})


def _scope(appli: int) -> str:
    known = APPLIS.get(appli)
    return known.scope if known else "user.metrics"
