"""The dashboard as a picture on a terminal of any size: accounts, categories, calls, and what happened.

It fills the height that there is, and no more: what does not fit is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from withings_bridge.cli.dashboard_schemas import CategoryTotal, totals
from withings_bridge.cli.output import elapsed
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.trail import Step, in_words
from withings_bridge.services.oversight.overseeing import Condition, Overseen, Overview
from withings_bridge.services.pacing import Usage

COLOURS = {
    Condition.CONSENT: "red",
    Condition.STUCK: "red",
    Condition.TROUBLE: "yellow",
    Condition.IMPORTING: "cyan",
    Condition.WAITING: "dim",
    Condition.IN_STEP: "green",
}
GRAVITY = list(Condition)
"""The conditions, the worst first."""

LANES = {Lane.LIVE: "live", Lane.ERRAND: "errands", Lane.RECONCILE: "sweeps", Lane.BACKFILL: "imports"}

BESIDE = 70
"""From this width on, calls stand beside the categories."""

WIDE = 110
"""From this width on, the id of a user is shown whole."""

NAME, WHOLE_ID = 24, 40
"""Letters of a user that are shown."""

FEWEST = 3
"""Lines that each part has at least."""

BAR = 12


@dataclass(frozen=True, slots=True)
class Rows:
    """How many lines each part has, its title not counted."""

    accounts: int
    categories: int
    steps: int

    @classmethod
    def fitting(cls, height: int, overview: Overview, *, around: int, lanes: int) -> "Rows":
        """A third for accounts, a third for categories (and the ``lanes`` beside them), and what they leave
        for what happened.
        """
        room = max(height - around, 3 * FEWEST)
        accounts = min(max(len(overview.accounts), 1), max(FEWEST, room // 3))
        categories = min(max(len(totals(overview.accounts)), lanes), max(FEWEST, room // 3))
        return cls(accounts, categories, max(FEWEST, room - accounts - categories))

    @classmethod
    def all(cls, overview: Overview) -> "Rows":
        """A line for everything, where nothing limits the height."""
        return cls(len(overview.accounts), len(totals(overview.accounts)), len(overview.steps))


@dataclass(frozen=True, slots=True)
class Picture:
    """The overview; ``trouble``: why it is not the newest. ``live``: it fills a terminal, and keys work."""

    overview: Overview
    name: str
    """Which bridge it is."""
    trouble: str | None = None
    live: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draws it in the room that there is."""
        beside = options.max_width >= BESIDE
        # The head, three titles, the heads of categories and the line of keys; below each other, the calls
        # have a title and lines of their own.
        around = 6 + (0 if beside else len(LANES) + 2)
        height = options.height or console.size.height
        lanes = len(LANES) if beside else 1
        rows = (
            Rows.fitting(height, self.overview, around=around, lanes=lanes)
            if self.live
            else Rows.all(self.overview)
        )
        now = self.overview.at
        yield self._head()
        yield _title(_counted("account", self.overview.accounts, rows.accounts, more=self.overview.after))
        yield _accounts(self.overview, rows.accounts, name=WHOLE_ID if options.max_width >= WIDE else NAME)
        sums = _by_need(totals(self.overview.accounts))
        categories, calls = _categories(sums[: rows.categories], now), _calls(self.overview.usage)
        title = _counted("category", sums, rows.categories)
        if beside:
            yield _side_by_side(_title(title), _title("Calls in the last hour"))
            yield _side_by_side(categories, calls)
        else:
            yield _title(title)
            yield categories
            yield _title("Calls in the last hour")
            yield calls
        yield _title("What happened")
        yield _log(self.overview.steps[: rows.steps], now)
        if self.live:
            yield Text("q leaves", "dim")

    def _head(self) -> RenderableType:
        grid = Table.grid(expand=True, padding=(0, 1))
        grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        grid.add_column(no_wrap=True, justify="right")
        said = Text(self.trouble, "red") if self.trouble else _health(self.overview.accounts)
        grid.add_row(Text.assemble((self.name, "bold"), "  ", said), f"{self.overview.at:%H:%M:%S} UTC")
        return grid


def _health(accounts: Sequence[Overseen]) -> Text:
    """How many accounts are in which condition, the worst first."""
    if not accounts:
        return Text("nobody is linked yet", "dim")
    conditions = [overseen.condition for overseen in accounts]
    told = [(f"{conditions.count(each)} {each}", COLOURS[each]) for each in GRAVITY if each in conditions]
    return Text(", ").join([Text(*each) for each in told])


def _title(text: str) -> RenderableType:
    return Rule(Text(text, "bold"), align="left", style="dim")


def _counted(noun: str, things: Sequence[object], shown: int, *, more: str | None = None) -> str:
    plural = {"account": "Accounts", "category": "Categories"}[noun]
    if len(things) <= shown and not more:
        return plural
    return f"{plural}, {min(shown, len(things))} of {len(things)}{' and more' if more else ''}"


def _side_by_side(left: RenderableType, right: RenderableType) -> RenderableType:
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(ratio=5)
    grid.add_column(ratio=4)
    grid.add_row(left, right)
    return grid


def _grid(*widths: int | None) -> Table:
    """Columns of one line a cell; the one without a width takes what is left."""
    grid = Table.grid(expand=True, padding=(0, 1))
    for width in widths:
        grid.add_column(no_wrap=True, overflow="ellipsis", width=width, ratio=None if width else 1)
    return grid


def _accounts(overview: Overview, most: int, *, name: int) -> RenderableType:
    if not overview.accounts:
        return Text("Connect somebody: withings-bridge auth <user>", "dim")
    grid = _grid(name, 13, 8, None)
    for overseen in sorted(overview.accounts, key=lambda each: GRAVITY.index(each.condition))[:most]:
        account, condition = overseen.account, overseen.condition
        users = sorted(account.users)
        others = f" +{len(users) - 1}" if len(users) > 1 else ""
        synced = elapsed(account.synced_at, overview.at) if account.synced_at else "not yet"
        grid.add_row(
            Text(f"{users[0] if users else account.userid}{others}"),
            Text(condition, COLOURS[condition]),
            Text(synced, "dim"),
            _matter(overseen),
        )
    return grid


def _matter(overseen: Overseen) -> RenderableType:
    """What there is to say of an account beyond its condition: what is stuck, else how far its import is."""
    if stuck := overseen.stuck:
        more = f" (+{len(stuck) - 1})" if len(stuck) > 1 else ""
        return Text(f"{stuck[0].name}{more}: {stuck[0].reason}", "yellow")
    share = overseen.account.imported
    return Text() if share is None else _bar(share, 1, f"{share:.0%} imported")


def _bar(done: float, total: float, told: str) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_row(ProgressBar(total=total or 1, completed=done, width=BAR), Text(told))
    return grid


def _by_need(sums: Sequence[CategoryTotal]) -> list[CategoryTotal]:
    """First what is stuck, then what is pending, then the others as they were."""
    return sorted(sums, key=lambda each: (-each.buried, -each.retrying, -min(each.pending, 1)))


def _categories(sums: Sequence[CategoryTotal], now: datetime) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    for width in (13, 8):
        grid.add_column(no_wrap=True, overflow="ellipsis", width=width)
    for width in (7, 7, 4):
        grid.add_column(no_wrap=True, justify="right", width=width)
    grid.add_row("", "synced", "pending", "retried", "dead", style="dim")
    for each in sums:
        grid.add_row(
            Text(each.category),
            Text(elapsed(each.last_sync, now) if each.last_sync else "-", "dim"),
            _number(each.pending),
            _number(each.retrying, "yellow"),
            _number(each.buried, "red"),
        )
    return grid


def _number(number: int, colour: str = "") -> Text:
    """A number, unless there is nothing to count."""
    return Text(f"{number:,}", colour) if number else Text()


def _calls(usage: Usage) -> RenderableType:
    grid = _grid(8, None)
    most = max(usage.by_lane.values(), default=0)
    for lane, calls in usage.by_lane.items():
        grid.add_row(Text(LANES[lane]), _bar(calls, most, f"{calls:,}"))
    share = usage.total / usage.hourly if usage.hourly else 0
    paused = usage.paused_until
    told = f"{usage.total:,}, {share:.0%} of what is granted"
    grid.add_row(
        Text("all"), Text(f"paused until {paused:%H:%M:%S}", "yellow") if paused else Text(told, "dim")
    )
    return grid


def _log(steps: Sequence[Step], now: datetime) -> RenderableType:
    if not steps:
        return Text("Nothing yet.", "dim")
    grid = _grid(9, 10, None)
    for step in steps:
        today = step.at.date() == now.date()
        at = f"{step.at:%H:%M:%S}" if today else f"{step.at:%d %b}"
        grid.add_row(Text(at, "dim"), Text(step.account, "dim"), Text(in_words(step)))
    return grid
