"""Detail that follows its summary: announced before the summary is stored.

A turn that is cut off between the two leaves the detail announced. The other way round the next turn would
find the summary unchanged, and nobody would ask for the detail.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import DETAIL_OF, KIND_OF, Category
from withings_bridge.domain.details import windows_of
from withings_bridge.domain.inbox import News
from withings_bridge.domain.notifications import DAY
from withings_bridge.domain.records import Kind, Record
from withings_bridge.services.clock import Clock
from withings_bridge.storage.base import Accounts

_DETAIL_OF_KIND = {KIND_OF[summary]: detail for summary, detail in DETAIL_OF.items()}


class Following:
    """Puts detail into the inbox. ``windows`` holds a category of detail where it is switched on."""

    def __init__(self, *, accounts: Accounts, windows: Mapping[Category, timedelta], clock: Clock) -> None:
        self._accounts = accounts
        self._windows = windows
        self._clock = clock

    async def announce(
        self, account: Account, kind: Kind, changed: Iterable[Record], *, imported: bool
    ) -> None:
        """Announce the detail of days or nights that changed: as they were, and as they are.

        ``imported``: an import brought them. Then what the import of detail has still before it is left to
        that, and so is what lies further back than it goes.
        """
        detail = _DETAIL_OF_KIND.get(kind)
        if detail is None or detail not in self._windows or not account.may(detail):
            return
        if imported:
            changed = [each for each in changed if not self._is_left_to_its_import(account, detail, each)]
        if windows := windows_of(changed):
            await self._accounts.announce(account.userid, {detail: News(windows)}, now=self._clock())

    def _is_left_to_its_import(self, account: Account, detail: Category, summary: Record) -> bool:
        backfill = account.of(detail).backfill
        if summary.at < self._clock() - self._windows[detail]:
            return True
        if backfill is None:
            return False
        # A local day may begin on the day before, in UTC.
        return not backfill.begun or summary.at < backfill.done_from - DAY
