"""What Withings announces: its categories (appli), a posted notification, and the window it names.

A notification is a hint, never a fact: anyone can post one. It says whom and when to look at;
values, deletions and even an ``unlink`` are believed only when Withings confirms them. The exception
is what nothing can be fetched about, such as getting into bed: that the notification tells by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from withings_bridge.domain.categories import Category
from withings_bridge.domain.events import Event
from withings_bridge.domain.lean import lean
from withings_bridge.domain.records import EPOCH, day_of, instant, midnight

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Appli:
    """One of Withings' notification categories."""

    number: int
    scope: str | None
    """None: the application is told and not a person, who need not consent."""
    description: str
    categories: tuple[Category, ...] = ()
    """What to look at when it fires; empty where there is nothing to fetch and nothing told."""


_MEASURES = (Category.MEASURES,)
_TOLD = (Category.EVENTS,)

APPLIS: dict[int, Appli] = {
    appli.number: appli
    for appli in (
        Appli(1, "user.metrics", "weight and body composition", _MEASURES),
        Appli(2, "user.metrics", "temperature", _MEASURES),
        Appli(4, "user.metrics", "blood pressure, pulse and SpO2", _MEASURES),
        Appli(16, "user.activity", "activity of a day", (Category.ACTIVITY, Category.WORKOUTS)),
        Appli(44, "user.activity", "sleep", (Category.SLEEP,)),
        Appli(46, "user.info", "the account itself: deleted, unlinked or updated", (Category.LINK,)),
        Appli(50, "user.sleepevents", "into bed", _TOLD),
        Appli(51, "user.sleepevents", "out of bed", _TOLD),
        Appli(52, "user.sleepevents", "sleep mat inflated", _TOLD),
        Appli(53, None, "a device without an account"),
        Appli(54, "user.metrics", "ECG recorded", (Category.HEART, Category.MEASURES)),
        Appli(55, "user.metrics", "ECG failed", _TOLD),
        Appli(58, "user.metrics", "blood glucose", _MEASURES),
        Appli(60, "user.data", "a survey answered"),
        Appli(61, "user.metrics", "stethoscope", (Category.STETHO, Category.MEASURES)),
        Appli(62, "user.metrics", "heart rate variability", _MEASURES),
        Appli(63, "user.metrics", "urine markers", _MEASURES),
        Appli(98, "user.sleepevents", "bed occupied, every ten minutes"),
        Appli(99, "user.sleepevents", "bed empty, every ten minutes"),
        Appli(100, "user.sleepevents", "into or out of bed, every ten minutes"),
    )
}

_ENDS_THE_LINK = frozenset({"unlink", "delete"})


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A stretch of time after 1970, both ends included, in whole seconds of UTC."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{int(self.start.timestamp())}-{int(self.end.timestamp())}"

    @classmethod
    def parse(cls, text: str) -> "Window":
        start, _, end = text.partition("-")
        return cls(datetime.fromtimestamp(int(start), UTC), datetime.fromtimestamp(int(end), UTC))

    def overlaps(self, other: "Window") -> bool:
        """Whether they share a second."""
        return self.start <= other.end and other.start <= self.end

    def holds(self, at: datetime) -> bool:
        """Whether the instant lies inside."""
        return self.start <= at <= self.end


@lean
class Notification:
    """One post of Withings, understood as far as it can be."""

    account: str
    """Withings userid."""
    appli: int
    window: Window | None
    """Where to look; None when the post names no time we can read."""
    action: str | None = None
    event: Event | None = None
    """What it tells by itself, if it does."""

    @property
    def categories(self) -> tuple[Category, ...]:
        """What to look at. An appli that nobody has documented means: see whether measures changed."""
        known = APPLIS.get(self.appli)
        if known is None:
            return _MEASURES
        if self.appli == 46 and (self.action or "").lower() not in _ENDS_THE_LINK:  # noqa: PLR2004 - the appli
            return ()
        if known.categories == _TOLD and self.event is None:
            return ()
        return known.categories


def parse_notification(fields: Mapping[str, str], *, confirmed: bool = False) -> Notification | None:
    """The notification in a posted form or a query, or None where nobody or nothing is named.

    Fields are ``userid`` (or ``user_id``), ``appli``, ``startdate`` and ``enddate`` (epochs), ``date``
    (YYYY-MM-DD or an epoch, by category), ``deviceid``, ``action``; unknown ones are ignored.
    ``confirmed``: the post carried the webhook's secret.
    """
    account = (fields.get("userid") or fields.get("user_id") or "").strip()
    appli = fields.get("appli", "").strip()
    if not (account and account.isprintable() and len(account) <= 64):  # noqa: PLR2004 - a bound on what a stranger may store
        return None
    if not (appli.isascii() and appli.isdigit() and len(appli) <= 5):  # noqa: PLR2004 - as above
        return None
    return Notification(
        account=account,
        appli=int(appli),
        window=_window(fields),
        action=fields.get("action") or None,
        event=_event(int(appli), fields, confirmed=confirmed),
    )


def fold(windows: frozenset[Window]) -> list[Window]:
    """The windows in order, overlapping ones joined; those apart stay apart."""
    folded: list[Window] = []
    for window in sorted(windows):
        if folded and window.overlaps(folded[-1]):
            folded[-1] = Window(folded[-1].start, max(folded[-1].end, window.end))
        else:
            folded.append(window)
    return folded


def _window(fields: Mapping[str, str]) -> Window | None:
    start, end = _epoch(fields.get("startdate")), _epoch(fields.get("enddate"))
    if start and end:
        return Window(min(start, end), max(start, end))
    if day := _day(fields.get("date")):
        return Window(midnight(day), midnight(day) + DAY - SECOND)
    if moment := start or end or _epoch(fields.get("date")):
        # Withings opens a weighing's window one second before it.
        return Window(max(moment - SECOND, EPOCH), moment)
    return None


def _event(appli: int, fields: Mapping[str, str], *, confirmed: bool) -> Event | None:
    """What a post of its kind tells; None where it names no time, or a device that can be none."""
    if appli not in APPLIS or APPLIS[appli].categories != _TOLD:
        return None
    at = _epoch(fields.get("date")) or _epoch(fields.get("startdate"))
    deviceid = (fields.get("deviceid") or "").strip()
    if at is None or len(deviceid) > 64 or not (deviceid.isascii() and deviceid.isprintable()):  # noqa: PLR2004 - a bound on what a stranger may store
        return None
    return Event(appli, deviceid, at, confirmed)


def _day(text: str | None) -> date | None:
    """Of the years that epochs can name, too."""
    day = day_of((text or "").strip())
    return day if day and EPOCH.year <= day.year < 2286 else None  # noqa: PLR2004 - ten digits end in that year


def _epoch(text: str | None) -> datetime | None:
    """Ten digits at most: a stranger's post must not name a year our calendar lacks."""
    digits = (text or "").strip()
    return instant(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None  # noqa: PLR2004 - see above
