"""Subscriptions on demand: what somebody who asks for them is told."""

from collections.abc import Sequence
from dataclasses import dataclass

from withings_bridge.domain.errors import NotLinked, NoWebhook
from withings_bridge.services.inbox.requesting import Requesting
from withings_bridge.services.links.subscriptions import Registration, Subscribing
from withings_bridge.storage.base import Links


@dataclass(frozen=True, slots=True)
class Registered:
    """What Withings announces of an account, and where to."""

    webhook_url: str
    """Without the secret."""
    skipped: bool
    """Whether nothing had to be subscribed."""
    registrations: Sequence[Registration]


class Registering:
    """Subscribes a user's notifications now, rather than at the next sweep."""

    def __init__(
        self,
        *,
        links: Links,
        requesting: Requesting,
        subscribing: Subscribing,
        webhook_url: str | None,
    ) -> None:
        self._links = links
        self._requesting = requesting
        self._subscribing = subscribing
        self._webhook_url = webhook_url

    async def register(self, user: str) -> Registered:
        """Subscribe what is missing. Raises NotLinked, ConsentNeeded, or NoWebhook."""
        if await self._links.get(user) is None:
            raise NotLinked
        if self._webhook_url is None:
            raise NoWebhook
        after = await self._requesting.subscriptions(user)
        return Registered(
            webhook_url=self._webhook_url,
            skipped=self._subscribing.were_listed(after),
            registrations=self._subscribing.registrations(after),
        )
