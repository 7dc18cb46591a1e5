"""What an account's work is about: one category per thing Withings announces, plus our own errands."""

from enum import StrEnum

from withings_bridge.domain.records import Kind


class Category(StrEnum):
    """A subject of pending work.

    The first are data that Withings keeps, or tells. The others, from the rows on, are errands of the
    bridge that go through the same inbox, so that they survive a crash, are retried and can be seen to be
    stuck like everything else.
    """

    MEASURES = "measures"
    ACTIVITY = "activity"
    SLEEP = "sleep"
    WORKOUTS = "workouts"
    HEART = "heart"
    STETHO = "stetho"
    DEVICES = "devices"
    GOALS = "goals"
    INTRADAY = "intraday"
    """The samples of days: detail, which follows its summary."""
    SLEEP_DETAIL = "sleep_detail"
    """The stages of nights: detail too."""
    HEIGHTS = "heights"
    """The person's heights over all history, fetched once: a bmi needs one older than the import."""
    EVENTS = "events"
    """What notifications themselves told: stored without a call, for there is nothing to fetch."""
    ROWS = "rows"
    """The rows of every user projected anew from stored records, without a call to Withings."""
    LINK = "link"
    """Someone says the link has ended: ask Withings."""
    SUBSCRIPTIONS = "subscriptions"
    """What Withings is to announce, compared with what it announces."""

    @property
    def kind(self) -> Kind | None:
        """The kind of record this category fetches; None for an errand that stores none."""
        return KIND_OF.get(self)

    @property
    def scope(self) -> str | None:
        """The Withings scope its calls need; None where it needs no particular one."""
        return SCOPE_OF.get(self)


KIND_OF: dict[Category, Kind] = {
    Category.MEASURES: Kind.MEASURES,
    Category.ACTIVITY: Kind.ACTIVITY,
    Category.SLEEP: Kind.SLEEP,
    Category.WORKOUTS: Kind.WORKOUT,
    Category.HEART: Kind.HEART,
    Category.STETHO: Kind.STETHO,
    Category.DEVICES: Kind.DEVICE,
    Category.GOALS: Kind.GOALS,
    Category.INTRADAY: Kind.INTRADAY,
    Category.SLEEP_DETAIL: Kind.SEGMENT,
    Category.HEIGHTS: Kind.HEIGHT,
}

CATEGORY_OF = {kind: category for category, kind in KIND_OF.items()} | {Kind.EVENT: Category.EVENTS}
"""What brings a kind of record; signals are fetched when somebody wants one, and are none's."""

DETAIL_OF = {Category.ACTIVITY: Category.INTRADAY, Category.SLEEP: Category.SLEEP_DETAIL}
"""The detail that follows a summary, where it is switched on."""

SUMMARY_OF = {detail: summary for summary, detail in DETAIL_OF.items()}

TRACKED = (Category.MEASURES, Category.ACTIVITY, Category.SLEEP, Category.WORKOUTS)
"""Categories whose service offers ``lastupdate``, and which therefore have a cursor."""

ERRANDS = frozenset(
    {
        Category.SUBSCRIPTIONS,
        Category.DEVICES,
        Category.GOALS,
        Category.HEIGHTS,
        Category.ROWS,
        *SUMMARY_OF,
    }
)
"""What nobody waits for, though it is to be done now."""

SWEPT = (
    *TRACKED,
    Category.HEART,
    Category.STETHO,
    Category.DEVICES,
    Category.GOALS,
    Category.SUBSCRIPTIONS,
)
"""What a sweep looks at. For stethoscope recordings only where one is stored, or a device could take one."""

IMPORTED = (*TRACKED, Category.HEART, Category.STETHO)
"""Categories that are imported by dates: their records have a history."""

SCOPE_OF: dict[Category, str] = {
    Category.MEASURES: "user.metrics",
    Category.HEART: "user.metrics",
    Category.STETHO: "user.metrics",
    Category.HEIGHTS: "user.metrics",
    Category.ACTIVITY: "user.activity",
    Category.WORKOUTS: "user.activity",
    Category.SLEEP: "user.activity",
    Category.INTRADAY: "user.activity",
    Category.SLEEP_DETAIL: "user.activity",
    Category.DEVICES: "user.info",
    Category.GOALS: "user.info",
    Category.EVENTS: "user.sleepevents",
}
