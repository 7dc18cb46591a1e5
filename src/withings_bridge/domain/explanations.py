"""Why a reading is not in the app: the way of a reading, stage by stage, and the stage that is missing.

A person stands on a scale; the scale tells Withings; Withings announces it here; the bridge asks for it,
stores it, writes a row, and tells the app. What is known of each stage on one day is evidence; a stage is
done, missing, or nobody can know.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.entries import Entry, State
from withings_bridge.domain.records import Kind
from withings_bridge.domain.trail import KEPT_FOR, Step, What

DATA_SCOPES = frozenset({"user.metrics", "user.activity"})
"""Without consent to either there is nothing to be read."""


class Stage(StrEnum):
    """A stage of the way, in the order in which a reading takes it."""

    LINK = "link"
    """The user is linked, and Withings honours that."""
    DEVICE = "device"
    """A device has sent something to Withings."""
    ANNOUNCED = "announced"
    """Withings told the bridge that there is something."""
    ASKED = "asked"
    """The bridge asked Withings for it."""
    STORED = "stored"
    """Records of that day are stored."""
    ROWS = "rows"
    """Rows of that day are written."""
    TOLD = "told"
    """The app was told that something changed."""


class Standing(StrEnum):
    """How a stage stands."""

    DONE = "done"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """It may have been, and nothing here tells."""


@dataclass(frozen=True, slots=True)
class Session:
    """When a device was last in touch with Withings."""

    device: str
    at: datetime
    battery: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a user's day."""

    start: datetime
    """When the day begins where the person is."""
    end: datetime
    """When the next one does."""
    account: Account | None
    """None: the user is not linked."""
    sessions: Sequence[Session] = ()
    steps: Sequence[Step] = ()
    """The trail since the day began, newest first."""
    stuck: Sequence[Entry] = ()
    """Pending work with which something is wrong."""
    records: Mapping[Kind, int] = field(default_factory=dict)
    """How many of the day are stored."""
    held_back: int = 0
    """Measure groups of the day that may be another person's."""
    rows: int = 0
    gateway: bool = False
    """Whether one is configured."""

    @property
    def stored(self) -> int:
        return sum(self.records.values())

    def last(self, *kinds: What) -> Step | None:
        """The newest step of these kinds."""
        return next((step for step in self.steps if step.what in kinds), None)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found of one stage."""

    stage: Stage
    standing: Standing
    said: str
    advice: str | None = None
    """What to do where it is missing."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole way, and what it comes to."""

    findings: Sequence[Finding]

    @property
    def missing(self) -> Finding | None:
        """The first stage that is missing."""
        return next((each for each in self.findings if each.standing is Standing.MISSING), None)

    @property
    def verdict(self) -> str:
        """In a sentence or two."""
        missing = self.missing
        if missing is None:
            return "All of it has come through. If the app shows less, reload the app."
        return f"{missing.said} {missing.advice}" if missing.advice else missing.said


def explain(evidence: Evidence, *, now: datetime) -> Explanation:
    """What is found of each stage. Behind a link that is missing there is nothing to find."""
    link = _link(evidence)
    if link.standing is Standing.MISSING:
        return Explanation([link])
    found = [link, *(stage(evidence, now) for stage in _STAGES)]
    return Explanation(found)


def _link(evidence: Evidence) -> Finding:
    account = evidence.account
    if account is None:
        said = "The user has no link to Withings."
        return Finding(Stage.LINK, Standing.MISSING, said, "Connect Withings in the app.")
    if account.consent_needed_at:
        said = "Withings no longer honours the link."
        advice = "The person must connect Withings again in the app."
        return Finding(Stage.LINK, Standing.MISSING, said, advice, account.consent_needed_at)
    refused = sorted(scope for scope in DATA_SCOPES if account.scopes and scope not in account.scopes)
    if not refused:
        return Finding(Stage.LINK, Standing.DONE, "The user is linked.", at=account.linked_at)
    said = f"The user is linked, and has not consented to {' and '.join(refused)}."
    if len(refused) < len(DATA_SCOPES):
        return Finding(Stage.LINK, Standing.DONE, said, at=account.linked_at)
    advice = "Connect Withings again in the app, and allow what is asked for."
    return Finding(Stage.LINK, Standing.MISSING, said, advice, account.linked_at)


def _device(evidence: Evidence, now: datetime) -> Finding:
    del now
    newest = max(evidence.sessions, key=lambda session: session.at, default=None)
    if newest is None:
        said = "No device tells when it was last in touch with Withings."
        return Finding(Stage.DEVICE, Standing.UNKNOWN, said)
    said = f"{newest.device} was the last device in touch with Withings."
    if newest.at >= evidence.start or evidence.stored:
        return Finding(Stage.DEVICE, Standing.DONE, said, at=newest.at)
    low = " Its battery is low." if newest.battery == "low" else ""
    advice = "Open the Withings app near the device, and look at its battery and its Wi-Fi."
    said = f"No device was in touch with Withings since that day began; the last was {newest.device}.{low}"
    return Finding(Stage.DEVICE, Standing.MISSING, said, advice, newest.at)


def _announced(evidence: Evidence, now: datetime) -> Finding:
    step = next((step for step in evidence.steps if _announces(step, evidence)), None)
    if step:
        return Finding(
            Stage.ANNOUNCED, Standing.DONE, "Withings announced something of that day.", at=step.at
        )
    if now - evidence.start > KEPT_FOR:
        return Finding(Stage.ANNOUNCED, Standing.UNKNOWN, "That is too long ago to know.")
    if evidence.stored:
        # It came by an import or a sweep, which need no announcement.
        return Finding(Stage.ANNOUNCED, Standing.UNKNOWN, "No announcement of that day is known.")
    known = evidence.account.subscriptions.confirmed if evidence.account else frozenset()
    if not known:
        advice = "See that WITHINGS_WEBHOOK_URL can be reached from the internet, then subscribe again."
        return Finding(
            Stage.ANNOUNCED, Standing.MISSING, "Withings announces nothing of this account.", advice
        )
    advice = "Sync the user now; what Withings has comes then, announced or not."
    return Finding(Stage.ANNOUNCED, Standing.MISSING, "Withings has announced nothing of that day.", advice)


def _announces(step: Step, evidence: Evidence) -> bool:
    if step.what is not What.NOTIFIED:
        return False
    if step.window is None:
        return evidence.start <= step.at < evidence.end
    return step.window.start < evidence.end and evidence.start <= step.window.end


def _asked(evidence: Evidence, now: datetime) -> Finding:
    del now
    if evidence.stuck:
        worst = next((each for each in evidence.stuck if each.state is State.BURIED), evidence.stuck[0])
        if worst.state is State.BURIED:
            advice = "Replay it: `withings-bridge inbox replay` followed by the user's id."
        else:
            advice = "It is tried again by itself."
        said = f"Withings was asked for {worst.name} without success: {worst.reason}."
        return Finding(Stage.ASKED, Standing.MISSING, said, advice, worst.since)
    step = evidence.last(What.ASKED)
    if step:
        return Finding(Stage.ASKED, Standing.DONE, "Withings was asked, and answered.", at=step.at)
    at = evidence.account.fetched_at if evidence.account else None
    if at and at >= evidence.start:
        return Finding(Stage.ASKED, Standing.DONE, "Withings was asked, and answered.", at=at)
    advice = "Sync the user now, and see that a bridge runs."
    return Finding(
        Stage.ASKED, Standing.MISSING, "Withings has not been asked since that day began.", advice, at
    )


def _stored(evidence: Evidence, now: datetime) -> Finding:
    del now
    if evidence.stored:
        counted = ", ".join(f"{count} of {kind}" for kind, count in evidence.records.items() if count)
        return Finding(Stage.STORED, Standing.DONE, f"Records of that day are stored: {counted}.")
    said = "Withings has answered, and has nothing of that day."
    advice = "See whether the reading shows in the Withings app, of this very person and on this day."
    return Finding(Stage.STORED, Standing.MISSING, said, advice)


def _rows(evidence: Evidence, now: datetime) -> Finding:
    del now
    if evidence.rows:
        return Finding(Stage.ROWS, Standing.DONE, f"{evidence.rows} rows of that day are written.")
    if evidence.held_back and evidence.held_back == evidence.records.get(Kind.MEASURES):
        said = "Withings is not sure whose the measures of that day are, so no row is made of them."
        return Finding(Stage.ROWS, Standing.MISSING, said, "Assign them to the person in the Withings app.")
    if not evidence.stored:
        return Finding(Stage.ROWS, Standing.MISSING, "There is nothing to make rows of.")
    said = "No row of that day is written."
    advice = "Some kinds of records yield none. If these should, run `withings-bridge reproject`."
    return Finding(Stage.ROWS, Standing.MISSING, said, advice)


def _told(evidence: Evidence, now: datetime) -> Finding:
    if not evidence.gateway:
        said = "No gateway is configured: the app sees what is new when it next asks."
        return Finding(Stage.TOLD, Standing.UNKNOWN, said)
    told, untold = evidence.last(What.TOLD), evidence.last(What.UNTOLD)
    if untold and (told is None or told.at < untold.at):
        said = f"The realtime gateway did not take the news: {untold.reason}."
        advice = "Reload the app, and see that the gateway runs and knows our secret."
        return Finding(Stage.TOLD, Standing.MISSING, said, advice, untold.at)
    if told:
        return Finding(Stage.TOLD, Standing.DONE, "The app was told.", at=told.at)
    late = now - evidence.start > KEPT_FOR
    said = "That is too long ago to know." if late else "Nothing had to be told since that day began."
    return Finding(Stage.TOLD, Standing.UNKNOWN, said)


_STAGES: tuple[Callable[[Evidence, datetime], Finding], ...] = (
    _device,
    _announced,
    _asked,
    _stored,
    _rows,
    _told,
)
