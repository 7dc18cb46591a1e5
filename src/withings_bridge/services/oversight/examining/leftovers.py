"""Rows of the predecessor in the tokens table: whom to adopt, what is damaged, what becomes of either."""

from collections.abc import AsyncGenerator, Sequence

from withings_bridge.domain.links import Link, Place, TokenRow
from withings_bridge.services.links.adopting import Adopting, Outcome
from withings_bridge.services.links.scanning import Scanning
from withings_bridge.services.oversight.examining.finding import Finding, State
from withings_bridge.storage.base import Links

PAGE = 100

ADOPT, DAMAGED, SPARE, UNREADABLE = "to adopt", "damaged row", "spare row", "unreadable tokens"

NOTHING_TO_SAVE = "stays as it is; the user must connect again"
WITH_FIX = "becomes a member of the account with --fix"
BY_SCAN = "a scan is under way, which takes the user in"
NOT_BESIDE_THE_SANDBOX = "not adopted beside the sandbox: set WITHINGS_CLIENT_ID and WITHINGS_CLIENT_SECRET"


class Leftovers:
    """Finds rows of the predecessor, and has their users adopted.

    ``may_adopt`` False: there are no credentials, and the sandbox would refuse everybody.
    """

    def __init__(self, *, links: Links, adopting: Adopting, scanning: Scanning, may_adopt: bool) -> None:
        self._links = links
        self._adopting = adopting
        self._scanning = scanning
        self._may_adopt = may_adopt

    async def findings(self, *, fix: bool) -> AsyncGenerator[Finding, None]:
        """See ``Check``. While a scan is under way, adopting is left to that."""
        if not self._may_adopt or not fix:
            async for finding in self._walk(fate=WITH_FIX if self._may_adopt else NOT_BESIDE_THE_SANDBOX):
                yield finding
            return
        async with self._scanning.alone() as hold:
            async for finding in self._walk(fate=BY_SCAN if hold is None else None):
                yield finding

    async def _walk(self, *, fate: str | None) -> AsyncGenerator[Finding, None]:
        """Through the table, a user at a time; with a ``fate`` for those to adopt, else adopting them."""
        after: str | None = None
        while True:
            page = await self._links.page(after=after, limit=PAGE)
            for name in page.names:
                rows = await self._links.rows(name.user)
                places = [row.name.place for row in rows]
                # A user with several rows is told of at one of them.
                if name.place is next((place for place in Place if place in places), None):
                    for finding in await self._about(rows, fate=fate):
                        yield finding
            if (after := page.after) is None:
                return

    async def _about(self, rows: Sequence[TokenRow], *, fate: str | None) -> list[Finding]:
        link, user = rows[0].link, rows[0].name.user
        if rows[0].unreadable:
            return [_unreadable(rows[0])]
        if link is None:
            return [_beside(row, "holds nothing to save: the user must connect again") for row in rows]
        if fate is not None:
            wanted = await self._adopting.wants(user)
            found = [_to_adopt(link, rows, fate, State.OPEN)] if wanted else []
            return found + [_beside(row, "goes when the pair is next written") for row in _others(rows, link)]
        outcome = await self._adopting.adopt(user, again=True)
        match outcome:
            case Outcome.ADOPTED:
                found = [_to_adopt(link, rows, "is a member of the account now", State.DONE)]
            case Outcome.LEFT:
                found = [_to_adopt(link, rows, "could not be decided now: try again", State.OPEN)]
            case _:
                found = []  # a refused link is told of by the check for dead ones
        left = await self._links.rows(user)
        return found + [
            _beside(row, "goes when the pair is next written")
            if row in left
            else _beside(row, "folded into the user's row", State.DONE)
            for row in _others(rows, link)
        ]


def _others(rows: Sequence[TokenRow], link: Link) -> list[TokenRow]:
    """The rows beside the one that the link stands in."""
    return [row for row in rows if row.link != link]


def _to_adopt(link: Link, rows: Sequence[TokenRow], fate: str, state: State) -> Finding:
    pairs = {row.link.pair.refresh_token for row in rows if row.link}
    where = ", ".join(row.name.place for row in rows)
    count = "one pair" if len(pairs) == 1 else f"{len(pairs)} different pairs"
    return Finding(
        check=ADOPT,
        user=link.user,
        account=link.account,
        what=f"{count} in the rows: {where}",
        fate=fate,
        state=state,
        keys=tuple(row.name.key for row in rows),
    )


def _beside(row: TokenRow, fate: str, state: State = State.TOLD) -> Finding:
    if row.link is None:
        what = f"the {row.name.place} row holds no pair"
    else:
        what = f"the {row.name.place} row holds a pair saved {row.link.pair.saved_at:%Y-%m-%d %H:%M} UTC"
    return Finding(
        check=SPARE if row.link else DAMAGED,
        user=row.name.user,
        account=row.link.account if row.link else None,
        what=what,
        fate=fate,
        state=state,
        keys=(row.name.key,),
    )


def _unreadable(row: TokenRow) -> Finding:
    return Finding(
        check=UNREADABLE,
        user=row.name.user,
        what=f"the {row.name.place} row was encrypted with another key",
        fate="add that key to TOKEN_ENCRYPTION_KEYS, or the user must connect again",
        state=State.OPEN,
        keys=(row.name.key,),
    )
