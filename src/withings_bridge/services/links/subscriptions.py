"""What Withings is to announce, compared with what it announces.

List, compare, subscribe what is missing, then revoke what is ours no more: one call a step and some
seconds apart, as bursts fail more often, and subscribing twice is not documented as harmless. Ours is
a callback with our host and path; those of others that use the same Withings application are left
alone.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.callbacks import is_ours
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import AlreadyAbsent, BadParameters, BadScope, CallbackRefused
from withings_bridge.domain.inbox import ASKED, UNHEARD, Done, News, Subscriptions, Task
from withings_bridge.domain.notifications import APPLIS
from withings_bridge.domain.trail import What
from withings_bridge.services.clock import Clock
from withings_bridge.services.links.tokens import Tokens
from withings_bridge.services.noting import Noting
from withings_bridge.withings import WithingsClient
from withings_bridge.withings.models import NotificationProfile

log = structlog.get_logger()

LIST_LASTS = timedelta(minutes=10)
"""How long a list of Withings' is trusted while the missing ones are subscribed one by one."""


@dataclass(frozen=True, slots=True)
class Registration:
    """Whether Withings announces one category to our callback URL."""

    appli: int
    confirmed: bool
    status: int | None
    """Withings' status: 0 where it does, None where it was not asked or said nothing."""
    reason: str | None
    """Why it does not, for people."""


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
        noting: Noting,
        clock: Clock,
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._callback_url = callback_url
        self._applis = applis
        self._spacing = spacing
        self._noting = noting
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
        known = account.subscriptions
        if task.news.sweep or known.checked_at is None or self._clock() - known.checked_at >= LIST_LASTS:
            profiles = await self._listed(account)
            known = replace(self._known(profiles, self._callback_url), added=known.added)
        if missing := self._missing(account, known):
            known = await self._subscribe(account, self._callback_url, missing[0], known)
        elif known.former:
            known = await self._revoke_former(account, self._callback_url, known)
        if known.former or self._missing(account, known):
            return Done(task, subscriptions=known, news=ASKED, pause_until=self._clock() + self._spacing)
        return Done(
            task, subscriptions=replace(known, added=frozenset()), errands=_unheard(account, known.added)
        )

    def registrations(self, account: Account) -> list[Registration]:
        """How each category that is configured stands in an account, as far as Withings' last list says."""
        known, trouble = _compared(account), account.of(Category.SUBSCRIPTIONS).trouble

        def of(appli: int) -> Registration:
            if appli in known.confirmed:
                return Registration(appli, confirmed=True, status=0, reason=None)
            if appli in known.refused:
                reason = "Withings does not allow it for this person."
                return Registration(appli, confirmed=False, status=known.refusals.get(appli), reason=reason)
            if not _consented(account, appli):
                reason = f"The person has not consented to {_scope(appli)}."
                return Registration(appli, confirmed=False, status=None, reason=reason)
            reason = trouble.reason if trouble else "It is subscribed in the background."
            return Registration(appli, confirmed=False, status=None, reason=reason)

        return [of(appli) for appli in self._applis]

    def were_listed(self, account: Account) -> bool:
        """Whether all that the person has consented to was on Withings' list when it was last asked for."""
        return _compared(account).listed >= {appli for appli in self._applis if _consented(account, appli)}

    async def _listed(self, account: Account) -> Sequence[NotificationProfile]:
        return (await self._tokens.call(account, self._client.subscriptions)).models

    def _known(self, profiles: Sequence[NotificationProfile], callback_url: str) -> Subscriptions:
        listed = frozenset(p.appli for p in profiles if p.callbackurl == callback_url)
        return Subscriptions(
            confirmed=listed,
            listed=listed,
            checked_at=self._clock(),
            former=len(_former(profiles, callback_url)),
        )

    async def _revoke_former(
        self, account: Account, callback_url: str, known: Subscriptions
    ) -> Subscriptions:
        """Revoke one that was ours; the last to announce a category that we want is kept."""
        former = [
            profile
            for profile in _former(await self._listed(account), callback_url)
            if profile.appli in known.confirmed or profile.appli not in self._applis
        ]
        if former:
            url, appli = former[0].callbackurl, former[0].appli
            with suppress(AlreadyAbsent):
                await self._tokens.call(account, lambda token: self._client.unsubscribe(token, url, appli))
            log.info("former subscription revoked", appli=appli, account=account.userid)
        return replace(known, former=max(0, len(former) - 1))

    def _missing(self, account: Account, known: Subscriptions) -> list[int]:
        settled = known.confirmed | known.refused
        return [appli for appli in self._applis if appli not in settled and _consented(account, appli)]

    async def _subscribe(
        self, account: Account, callback_url: str, appli: int, known: Subscriptions
    ) -> Subscriptions:
        try:
            await self._tokens.call(account, lambda token: self._client.subscribe(token, callback_url, appli))
        except CallbackRefused:
            raise
        except (BadScope, BadParameters) as error:
            log.warning("Withings notify refused", appli=appli, account=account.userid, status=error.status)
            refusals = {**known.refusals, **({appli: error.status} if error.status else {})}
            return replace(known, refused=known.refused | {appli}, refusals=refusals)
        # The wording is kept for people who search the logs for it.
        log.info("Withings notify subscribed appli=%d", appli, account=account.userid)
        self._noting.note(account.userid, What.SUBSCRIBED, appli=appli)
        return replace(known, confirmed=known.confirmed | {appli}, added=known.added | {appli})


def _unheard(account: Account, added: frozenset[int]) -> dict[Category, News]:
    """What may have come to the account between its import and the subscriptions that were added."""
    categories = {category for appli in added if appli in APPLIS for category in APPLIS[appli].categories}
    return {category: UNHEARD for category in categories if category.kind and account.may(category)}


def _compared(account: Account) -> Subscriptions:
    """What is known since somebody asked; nothing, while Withings' list has not come."""
    known = account.subscriptions
    return known if known.checked_at else Subscriptions()


def _consented(account: Account, appli: int) -> bool:
    """Whether the person's consent covers it, as far as is known."""
    return not account.scopes or _scope(appli) in {None, *account.scopes}


def _scope(appli: int) -> str | None:
    known = APPLIS.get(appli)
    return known.scope if known else "user.metrics"


def _former(profiles: Sequence[NotificationProfile], callback_url: str) -> list[NotificationProfile]:
    """Those to a callback that is ours but for its query, where another secret may stand."""
    return [p for p in profiles if p.callbackurl != callback_url and is_ours(p.callbackurl, callback_url)]
