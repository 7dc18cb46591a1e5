"""What happened lately, for people who look."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from withings_bridge.domain.trail import Step


class Trail(Protocol):
    """What happened lately: appended to, looked at, forgotten by itself after ``domain.trail.KEPT_FOR``.

    For people who look, so a step may show some moments late.
    """

    async def append(self, steps: Sequence[Step], *, now: datetime) -> None:
        """Add steps, not together. One that is there already is not there twice."""

    async def of(
        self, account: str, *, limit: int, now: datetime, before: datetime | None = None
    ) -> list[Step]:
        """The newest steps of an account, the newest first; with ``before``, of those that came earlier."""

    async def newest(self, *, limit: int, now: datetime) -> list[Step]:
        """The newest steps of all accounts, the newest first; none that is days old need be among them."""

    async def since(self, at: datetime, *, limit: int, now: datetime) -> list[Step]:
        """The steps of all accounts from an instant of the last day on, the oldest first."""

    async def forget(self, account: str) -> None:
        """Remove what is known of an account."""
