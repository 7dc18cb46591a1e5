"""What happened to an account, step by step: from a notification to the rows, in plain words.

A trail is for people who look, and nothing is decided by it: what is pending, and what is true, stands
in the account, the records and the rows. It tells how many and of what, never a value.
"""

import secrets
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum

from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.lean import lean
from withings_bridge.domain.notifications import APPLIS, Window
from withings_bridge.domain.records import EPOCH

KEPT_FOR = timedelta(days=30)
"""How long a step is remembered."""


class What(StrEnum):
    """What a step was."""

    LINKED = "linked"
    """A user consented: the account is theirs too from now on."""
    LEFT = "left"
    """A user was disconnected."""
    ENDED = "ended"
    """The person ended the link at Withings."""
    CONSENT_NEEDED = "consent_needed"
    """Withings refuses the stored tokens for good."""
    NOTIFIED = "notified"
    """Withings announced something, and it was kept."""
    ASKED = "asked"
    """Withings was asked, and answered."""
    STORED = "stored"
    """Records came, changed or went."""
    WROTE = "wrote"
    """Rows of a user were written or removed."""
    TOLD = "told"
    """The realtime gateway took the news of a user."""
    UNTOLD = "untold"
    """It did not."""
    IMPORTED = "imported"
    """The import of a category is complete."""
    FAILED = "failed"
    """It did not work, and is tried again by itself."""
    BURIED = "buried"
    """It was given up, until news or a person brings it back."""
    SUBSCRIBED = "subscribed"
    """Withings will announce a category."""
    REPLAYED = "replayed"
    """Somebody had what was stuck tried again."""
    DROPPED = "dropped"
    """Somebody let go of it."""


@lean
class Step:
    """One thing that happened."""

    at: datetime
    account: str
    """Withings userid."""
    what: What
    user: str | None = None
    """Whose rows, whose link; None where it concerns the account."""
    category: Category | None = None
    appli: int | None = None
    window: Window | None = None
    """What was announced."""
    lane: Lane | None = None
    """How urgent a call was."""
    number: int = 0
    """How many records came or were stored, or rows changed."""
    removed: int = 0
    """How many records went."""
    reason: str | None = None
    """Why it did not work. An error of ours, written to be shown."""
    retry_at: datetime | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    """Tells apart what happened at the same instant."""

    @property
    def place(self) -> str:
        """Where it stands among all others: in the order of time, and unlike any other's."""
        return f"{place_at(self.at)}#{self.id}"


def place_at(at: datetime) -> str:
    """How the places of that instant begin."""
    return f"{(at - EPOCH) // timedelta(microseconds=1):018d}"


WORDS = {
    What.LINKED: "{user} connected Withings.",
    What.LEFT: "{user} was disconnected.",
    What.ENDED: "The person removed the app at Withings, and the link ended.",
    What.CONSENT_NEEDED: "Withings no longer honours the link; the person must connect again.",
    What.NOTIFIED: "Withings announced {announced}.",
    What.ASKED: "Asked Withings for {subject}: {records} came.",
    What.STORED: "Stored {subject}: {stored}.",
    What.WROTE: "Changed {rows} of {user}.",
    What.TOLD: "Told the app of {user} that there is something new.",
    What.UNTOLD: "The realtime gateway did not take the news for {user}: {reason}",
    What.IMPORTED: "The import of {subject} is complete.",
    What.FAILED: "No success with {subject}, to be tried again: {reason}",
    What.BURIED: "Gave up on {subject}, until somebody replays it or news comes: {reason}",
    What.SUBSCRIBED: "Withings will announce {announced}.",
    What.REPLAYED: "Somebody had {subject} tried again.",
    What.DROPPED: "Somebody let go of {subject}.",
}


def in_words(step: Step) -> str:
    """The step as a sentence."""
    return WORDS[step.what].format(
        user=step.user,
        subject=SUBJECTS[step.category] if step.category else "what was asked for",
        announced=_announced(step.appli),
        records=_count(step.number, "record"),
        rows=_count(step.number, "row"),
        stored=_stored(step),
        reason=step.reason,
    )


SUBJECTS = {
    Category.MEASURES: "measures",
    Category.ACTIVITY: "days of activity",
    Category.SLEEP: "nights",
    Category.WORKOUTS: "workouts",
    Category.HEART: "ECGs",
    Category.STETHO: "stethoscope recordings",
    Category.DEVICES: "devices",
    Category.GOALS: "goals",
    Category.INTRADAY: "samples of days",
    Category.SLEEP_DETAIL: "stages of nights",
    Category.HEIGHTS: "heights",
    Category.EVENTS: "events",
    Category.ROWS: "the rows",
    Category.LINK: "the link",
    Category.SUBSCRIPTIONS: "the subscriptions",
}
"""What a category is about, for people."""


def _announced(appli: int | None) -> str:
    known = APPLIS.get(appli) if appli is not None else None
    return f"{known.description} (appli {appli})" if known else f"something new to us (appli {appli})"


def _stored(step: Step) -> str:
    parts = [f"{_count(step.number, 'record')} new or changed"] if step.number or not step.removed else []
    return ", ".join([*parts, *([f"{step.removed} removed"] if step.removed else [])])


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
