"""Links that Withings no longer honours: only the user's new consent helps."""

from collections.abc import AsyncGenerator

from withings_bridge.services.oversight.examining.finding import Finding, State
from withings_bridge.storage.base import Accounts


class DeadLinks:
    """Tells whose link is dead."""

    def __init__(self, *, accounts: Accounts) -> None:
        self._accounts = accounts

    async def findings(self, *, fix: bool) -> AsyncGenerator[Finding, None]:
        """See ``Check``; there is nothing to mend."""
        del fix
        after: str | None = None
        while accounts := await self._accounts.list(after=after):
            for account in accounts:
                if account.consent_needed_at is None:
                    continue
                for user in sorted(account.users):
                    yield Finding(
                        check="dead link",
                        user=user,
                        account=account.userid,
                        what=f"Withings honours no pair since {account.consent_needed_at:%Y-%m-%d %H:%M} UTC",
                        fate="the user must connect again",
                        state=State.TOLD,
                    )
            after = accounts[-1].userid
