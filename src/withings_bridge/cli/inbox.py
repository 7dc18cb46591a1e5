"""Stuck work at a terminal: listed, looked at, replayed, dropped."""

from collections.abc import Collection, Iterator

from rich.table import Table
from rich.text import Text

from withings_bridge.api.inbox_schemas import InboxAccount, InboxEntry, InboxPage
from withings_bridge.cli.output import err, moment, out, print_json
from withings_bridge.cli.users import load_settings, run
from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import Part, State
from withings_bridge.services import Services
from withings_bridge.services.inbox.tending import Choice, Tended

COLOURS = {State.BURIED: "red", State.RETRYING: "yellow", State.WAITING: "dim"}

NOTHING_TRIED = "nothing is tried until the user connects again"


def list_inbox(*, everything: bool, as_json: bool) -> None:
    """All accounts that need a person."""

    async def work(services: Services) -> list[InboxAccount]:
        pending = services.tending.all(everything=everything)
        return [InboxAccount.of(one, everything=everything) async for one in pending]

    found = run(load_settings(), work)
    if as_json:
        print_json(InboxPage(accounts=found, after=None))
    elif found:
        for one in found:
            _print(one)
    else:
        out.print("Nothing is pending." if everything else "Nothing is stuck.")


def show_inbox(named: str, *, as_json: bool) -> None:
    """All that is pending in one account."""

    async def work(services: Services) -> InboxAccount:
        return InboxAccount.of(await services.tending.show(named), everything=True)

    found = run(load_settings(), work)
    if as_json:
        print_json(found)
        return
    _print(found)
    if not found.entries:
        out.print("Nothing is pending.")


def replay_one(named: str, categories: Collection[Category], part: Part | None) -> None:
    """Try what is stuck in one account again."""

    async def work(services: Services) -> Tended:
        return await services.tending.replay(named, Choice(categories, part))

    _tell("replayed", run(load_settings(), work))


def replay_all(categories: Collection[Category], part: Part | None) -> None:
    """Try what is stuck in all accounts again."""

    async def work(services: Services) -> int:
        count = 0
        async for one in services.tending.all():
            for tended in await services.tending.replay_each([one], Choice(categories, part)):
                _tell("replayed", tended)
                count += len(tended.chosen)
        return count

    if not run(load_settings(), work):
        out.print("Nothing of that was stuck.")


def drop_one(named: str, categories: Collection[Category], part: Part | None) -> None:
    """Let go of what is stuck in one account."""

    async def work(services: Services) -> Tended:
        return await services.tending.drop(named, Choice(categories, part))

    _tell("dropped", run(load_settings(), work))


def _tell(what: str, tended: Tended) -> None:
    account = tended.pending.account
    for entry in tended.chosen:
        out.print(f"{what}: {entry.name} of account {account.userid}", highlight=False)
    if not tended.chosen:
        out.print("Nothing of that was stuck.")
    if account.consent_needed_at:
        err.print(f"Account {account.userid}: {NOTHING_TRIED}.", style="yellow")


def _print(account: InboxAccount) -> None:
    about = f"Withings account {account.account}, linked by {', '.join(account.users)}"
    out.print(about, style="bold", markup=False, highlight=False)
    if account.consent_needed:
        out.print(f"Withings no longer honours this link: {NOTHING_TRIED}", style="red")
    table = Table.grid(padding=(0, 2))
    for entry in account.entries:
        share = "" if entry.progress is None else f", {entry.progress:.0%} done"
        what = f"import of {entry.category}{share}" if entry.part is Part.IMPORT else f"{entry.category}"
        why = Text("\n".join(_why(entry)), overflow="fold")
        table.add_row(what, Text(entry.state, style=COLOURS[entry.state]), why)
    out.print(table, soft_wrap=False)


def _why(entry: InboxEntry) -> Iterator[str]:
    if entry.reason:
        yield entry.reason
    times = "once" if entry.attempts == 1 else f"{entry.attempts} times"
    if entry.since:
        yield f"failed {times} since {moment(entry.since)}"
    if entry.next_at:
        yield f"next try {moment(entry.next_at)}"
