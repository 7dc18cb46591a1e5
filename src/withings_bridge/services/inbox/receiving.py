"""A notification in, durable, acknowledged: one small write and no call to anybody."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog

from withings_bridge import tracing
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import StorageError
from withings_bridge.domain.inbox import ASKED, EVERYTHING, News
from withings_bridge.domain.notifications import APPLIS, Notification, parse_notification
from withings_bridge.domain.trail import What
from withings_bridge.services.clock import Clock
from withings_bridge.services.links.marking import Marking
from withings_bridge.services.noting import Noting
from withings_bridge.services.telemetry import Telemetry
from withings_bridge.storage.base import Accounts

log = structlog.get_logger()


LONGEST_WINDOW = timedelta(days=92)
"""What Withings announces is a weighing, a night or a day. A stranger's post may name a century."""

MARK_SECONDS = 1.0
"""How long a mark may take: Withings waits for two seconds, and the mark only hurries things."""


class Receiving:
    """Takes what Withings posts."""

    def __init__(
        self, *, accounts: Accounts, marking: Marking, noting: Noting, telemetry: Telemetry, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._marking = marking
        self._noting = noting
        self._telemetry = telemetry
        self._clock = clock

    async def receive(self, fields: Mapping[str, str], *, confirmed: bool = False) -> str | None:
        """Fold a posted notification into its account's pending work; the account that has work now.

        ``confirmed``: a secret guards the webhook, and the post carried it.

        None for a post without sense or of an unknown account: there is nothing to do, and Withings
        would only repeat it. Raises StorageUnavailable when it could not be kept: the answer must
        then be 503, so that Withings delivers it again.
        """
        notification = parse_notification(fields, confirmed=confirmed)
        if notification is None:
            self._telemetry.notified(None, "senseless")
            log.info("notification ignored", reason="it names no account or no category")
            return None
        work = dict.fromkeys(notification.categories, _news(notification))
        if not work:
            self._telemetry.notified(notification.appli, "nothing to do")
            log.info("notification noted", account=_told(notification.account), appli=notification.appli)
            return None
        with tracing.span("notification received", {"appli": notification.appli}) as here:
            try:
                known = await self._announced(notification.account, work)
            except StorageError:
                self._telemetry.notified(notification.appli, "not kept")
                raise
            here.say({"known": known} | ({"account": notification.account} if known else {}))
        self._telemetry.notified(notification.appli, "stored" if known else "unknown account", known=known)
        if known and notification.appli not in APPLIS:
            self._telemetry.unknown("appli", str(notification.appli))
        account = notification.account if known else _told(notification.account)
        log.info("notification received", account=account, appli=notification.appli, known=known)
        if not known:
            return None
        self._noting.note(
            notification.account, What.NOTIFIED, appli=notification.appli, window=notification.window
        )
        return notification.account

    async def _announced(self, account: str, work: Mapping[Category, News]) -> bool:
        """Whether the account is known, and has the work."""
        if await self._announce(account, work):
            return True
        if Category.EVENTS in work:
            # A mark says what to fetch, and there is nothing to be fetched.
            return False
        try:
            async with asyncio.timeout(MARK_SECONDS):
                marked = await self._marking.leave(account, work)
        except (TimeoutError, StorageError):
            return False
        # Whoever adopted it between the two has not seen the mark.
        return marked and await self._announce(account, work)

    async def _announce(self, account: str, work: Mapping[Category, News]) -> bool:
        return await self._accounts.announce(account, work, now=self._clock(), trace=tracing.traceparent())


def _told(account: str) -> str:
    """A name that anybody may have posted, as the log tells it: Withings' own are numbers."""
    return account if account.isascii() and account.isdecimal() else "(no number)"


def _news(notification: Notification) -> News:
    window = notification.window
    if notification.event:
        return News(events=frozenset({notification.event}))
    if window is None:
        return ASKED
    if window.end - window.start > LONGEST_WINDOW:
        # Compared like an import, in chunks and behind what is live.
        return EVERYTHING
    return News(frozenset({window}))
