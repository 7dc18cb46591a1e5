"""The dashboard for scripts, and what both it and the picture sum up."""

from collections.abc import Iterable

from pydantic import BaseModel

from withings_bridge.api.inbox_schemas import InboxEntry
from withings_bridge.api.schemas import Instant
from withings_bridge.domain.accounts import LIVE_ORDER
from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import State
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.trail import What, in_words
from withings_bridge.services.oversight.overseeing import Condition, Overseen, Overview


class CategoryTotal(BaseModel):
    """One category over all accounts that are shown."""

    category: Category
    last_sync: Instant | None
    """The newest of them."""
    waiting: int
    retrying: int
    buried: int

    @property
    def pending(self) -> int:
        return self.waiting + self.retrying + self.buried


class AccountLine(BaseModel):
    """One account, with all that is pending in it."""

    account: str
    users: list[str]
    condition: Condition
    last_sync: Instant | None
    importing: float | None
    entries: list[InboxEntry]


class CallsLine(BaseModel):
    """The calls to Withings of the last hour."""

    by_lane: dict[Lane, int]
    total: int
    granted: int
    """How many would have been granted."""
    paused_until: Instant | None


class StepLine(BaseModel):
    """Something that happened."""

    at: Instant
    account: str
    what: What
    said: str


class DashboardReply(BaseModel):
    """One picture of the whole bridge."""

    at: Instant
    accounts: list[AccountLine]
    more: bool
    """Whether there are accounts that are not shown."""
    categories: list[CategoryTotal]
    calls: CallsLine
    steps: list[StepLine]

    @classmethod
    def of(cls, overview: Overview) -> "DashboardReply":
        usage = overview.usage
        return cls(
            at=overview.at,
            accounts=[_account(overseen) for overseen in overview.accounts],
            more=overview.after is not None,
            categories=totals(overview.accounts),
            calls=CallsLine(
                by_lane=usage.by_lane,
                total=usage.total,
                granted=usage.hourly,
                paused_until=usage.paused_until,
            ),
            steps=[
                StepLine(at=step.at, account=step.account, what=step.what, said=in_words(step))
                for step in overview.steps
            ],
        )


def totals(accounts: Iterable[Overseen]) -> list[CategoryTotal]:
    """The categories that any of the accounts has, in the order in which turns do them."""
    accounts = list(accounts)
    return [
        _total(accounts, category)
        for category in LIVE_ORDER
        if any(category in overseen.account.work for overseen in accounts)
    ]


def _total(accounts: Iterable[Overseen], category: Category) -> CategoryTotal:
    works = [overseen.account.of(category) for overseen in accounts]
    states = [entry.state for each in accounts for entry in each.entries if entry.category is category]
    return CategoryTotal(
        category=category,
        last_sync=max((work.settled_at for work in works if work.settled_at), default=None),
        waiting=states.count(State.WAITING),
        retrying=states.count(State.RETRYING),
        buried=states.count(State.BURIED),
    )


def _account(overseen: Overseen) -> AccountLine:
    account = overseen.account
    return AccountLine(
        account=account.userid,
        users=sorted(account.users),
        condition=overseen.condition,
        last_sync=account.synced_at,
        importing=account.imported,
        entries=[InboxEntry.of(entry) for entry in overseen.entries],
    )
