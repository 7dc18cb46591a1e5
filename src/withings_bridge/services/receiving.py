"""A notification in, durable, acknowledged: one small write and no call to anybody."""

from collections.abc import Mapping
from datetime import timedelta

import structlog

from withings_bridge.domain.inbox import ASKED, EVERYTHING, News
from withings_bridge.domain.notifications import Window, parse_notification
from withings_bridge.services.clock import Clock
from withings_bridge.storage.base import Accounts

log = structlog.get_logger()


LONGEST_WINDOW = timedelta(days=92)
"""What Withings announces is a weighing, a night or a day. A stranger's post may name a century."""


class Receiving:
    """Takes what Withings posts."""

    def __init__(self, *, accounts: Accounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock

    async def receive(self, fields: Mapping[str, str]) -> str | None:
        """Fold a posted notification into its account's pending work; the account that has work now.

        None for a post without sense or of an unknown account: there is nothing to do, and Withings
        would only repeat it. Raises StorageUnavailable when it could not be kept: the answer must
        then be 503, so that Withings delivers it again.
        """
        notification = parse_notification(fields)
        if notification is None:
            log.info("notification ignored", reason="it names no account or no category")
            return None
        work = dict.fromkeys(notification.categories, _news(notification.window))
        if not work:
            log.info("notification noted", account=notification.account, appli=notification.appli)
            return None
        known = await self._accounts.announce(notification.account, work, now=self._clock())
        log.info("notification received", account=notification.account, appli=notification.appli, known=known)
        return notification.account if known else None


def _news(window: Window | None) -> News:
    if window is None:
        return ASKED
    if window.end - window.start > LONGEST_WINDOW:
        # Compared like an import, in chunks and behind what is live.
        return EVERYTHING
    return News(frozenset({window}))
