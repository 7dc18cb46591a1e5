"""The inbox as operators see it through the API."""

from pydantic import BaseModel, ConfigDict, Field

from withings_bridge.api.schemas import Instant, Reply
from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import Entry, Part, State
from withings_bridge.services.inbox.tending import Choice, Page, Pending, Tended


class InboxEntry(Reply):
    """Pending work of one part of one category."""

    category: Category = Field(description="What kind of data it is about.", examples=["measures"])
    part: Part = Field(
        description="`live`: what was announced or asked for; `import`: what is left of the import.",
        examples=["import"],
    )
    state: State = Field(
        description="`retrying`: it failed and is tried again by itself; `buried`: it was given up, until "
        "a new notification or a replay brings it back; `waiting`: nothing is wrong with it.",
        examples=["retrying"],
    )
    attempts: int = Field(description="How often it failed in a row.", examples=[3])
    reason: str | None = Field(
        description="Why it failed the last time.",
        examples=[
            "Transient: Withings cannot be reached or has a fault of its own; trying again later helps."
        ],
    )
    since: Instant | None = Field(description="When it first failed.", examples=["2026-01-15T07:31:02.000Z"])
    next_at: Instant | None = Field(
        description="When it is tried; null when it is not: buried, or the user must connect again first.",
        examples=["2026-01-15T07:36:02.000Z"],
    )
    progress: float | None = Field(
        description="The share that is done of an import; null for live work.", examples=[0.43], ge=0, le=1
    )

    @classmethod
    def of(cls, entry: Entry) -> "InboxEntry":
        return cls(
            category=entry.category,
            part=entry.part,
            state=entry.state,
            attempts=entry.attempts,
            reason=entry.reason,
            since=entry.since,
            next_at=entry.next_at,
            progress=entry.progress,
        )


class InboxAccount(Reply):
    """A linked Withings account, and what is pending in it."""

    account: str = Field(description="Withings' id of the person.", examples=["12345678"])
    users: list[str] = Field(
        description="Cognito `sub` of each user.", examples=[["0f9d3c1e-7a55-4a0e-9a55-2d1f8b6c7e21"]]
    )
    last_sync: Instant | None = Field(
        description="The last settled sync.", examples=["2026-01-15T07:31:02.000Z"]
    )
    consent_needed: bool = Field(
        description="Withings no longer honours the link: nothing is tried until the user connects again.",
        examples=[False],
    )
    entries: list[InboxEntry] = Field(description="What is pending, as far as was asked for.")

    @classmethod
    def of(cls, pending: Pending, *, everything: bool) -> "InboxAccount":
        """The account with what is stuck in it, or with all that is pending."""
        account = pending.account
        return cls(
            account=account.userid,
            users=sorted(account.users),
            last_sync=account.synced_at,
            consent_needed=account.consent_needed_at is not None,
            entries=[InboxEntry.of(entry) for entry in (pending.entries if everything else pending.stuck)],
        )


class InboxPage(Reply):
    """The accounts of a page that need a person."""

    accounts: list[InboxAccount] = Field(description="Those of the page, which may be none.")
    after: str | None = Field(
        description="Ask for what comes after it; null at the end. A page without an account is not the end.",
        examples=["12345678"],
    )

    @classmethod
    def of(cls, page: Page, *, everything: bool) -> "InboxPage":
        found = [InboxAccount.of(one, everything=everything) for one in page.found]
        return cls(accounts=found, after=page.after)


class ReplayRequest(BaseModel):
    """Which stuck entries are meant. A misspelt name is an error: it would mean all of them."""

    model_config = ConfigDict(extra="forbid")

    categories: list[Category] = Field(
        default_factory=list, description="None: all.", examples=[["measures", "sleep"]]
    )
    part: Part | None = Field(None, description="Left out: both.", examples=["live"])

    @property
    def choice(self) -> Choice:
        return Choice(frozenset(self.categories), self.part)


class DropRequest(ReplayRequest):
    """Which stuck entries are let go; their categories must be named."""

    categories: list[Category] = Field(min_length=1, description="At least one.", examples=[["activity"]])


class TendedReply(Reply):
    """What a replay or a drop was done to, and what is pending now."""

    chosen: list[InboxEntry] = Field(
        description="The entries it was done to, as they were; none when nothing of that kind was stuck."
    )
    pending: InboxAccount

    @classmethod
    def of(cls, tended: Tended) -> "TendedReply":
        return cls(
            chosen=[InboxEntry.of(entry) for entry in tended.chosen],
            pending=InboxAccount.of(tended.pending, everything=True),
        )


class ReplayedPage(Reply):
    """The accounts of a page in which something was replayed."""

    replayed: list[TendedReply] = Field(description="What was done in each account.")
    after: str | None = Field(
        description="Go on with what comes after it; null at the end.", examples=["12345678"]
    )
