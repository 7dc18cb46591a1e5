"""Every stored token under the first encryption key, so that an older key can be thrown away.

Bridges may run meanwhile: a row is rewritten only while it holds the tokens that were read. What was
rewritten stays so: a rotation that was cut off is begun anew, and finds that much less to do.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from withings_bridge.domain.links import RowName
from withings_bridge.storage.encryption import EncryptedLinks, Renewal

PAGE = 25
"""Rows of the table that are looked at together."""

PASSES = 3
"""A row that a bridge moves meanwhile may slip through a pass, so each that changes something is followed by
another. Where even the last one does, somebody goes on writing under another key.
"""


@dataclass(frozen=True, slots=True)
class Rotation:
    """How far a rotation has come."""

    rewritten: int = 0
    """Rows, over all passes."""
    current: int = 0
    """Rows in which the first pass found nothing to rewrite."""
    unreadable: frozenset[str] = frozenset()
    """Users with a row whose key is gone."""
    settled: bool = False
    """Whether a whole pass has found nothing to rewrite."""


class Rotating:
    """Encrypts anew what is stored under other keys, or plain."""

    def __init__(self, links: EncryptedLinks, *, page: int = PAGE) -> None:
        self._links = links
        self._page = page

    async def rotate(self) -> AsyncGenerator[Rotation, None]:
        """How far it has come, after each page; the last is the outcome.

        Raises StorageError, and ValueError where there is no key.
        """
        done = Rotation()
        for number in range(PASSES):
            before = done = replace(done, unreadable=frozenset())
            after: str | None = None
            while True:
                page = await self._links.page(after=after, limit=self._page)
                renewed = await asyncio.gather(*(self._links.renew(name) for name in page.names))
                done = _with(done, page.names, renewed, first=number == 0)
                yield done
                if (after := page.after) is None:
                    break
            if done.rewritten == before.rewritten:
                yield replace(done, settled=True)
                return


def _with(done: Rotation, names: tuple[RowName, ...], renewed: list[Renewal], *, first: bool) -> Rotation:
    lost = {name.user for name, each in zip(names, renewed, strict=True) if each is Renewal.UNREADABLE}
    return replace(
        done,
        rewritten=done.rewritten + renewed.count(Renewal.REWRITTEN),
        current=done.current + (renewed.count(Renewal.CURRENT) if first else 0),
        unreadable=done.unreadable | lost,
    )
