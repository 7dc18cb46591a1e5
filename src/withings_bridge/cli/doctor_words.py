"""What the doctor says: lines for a person, one document for a script."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

import typer
from rich.markup import escape

from withings_bridge.cli.output import out
from withings_bridge.domain.checkups import Checkup, Result
from withings_bridge.services.oversight.examining import Finding, State

COLOURS = {State.OPEN: "yellow", State.DONE: "green", State.TOLD: "dim"}
MARKS = {
    Result.OK: ("ok", "green"),
    Result.WARNING: ("warning", "yellow"),
    Result.WRONG: ("wrong", "red"),
    Result.UNKNOWN: ("?", "dim"),
}
WIDTH = max(len(mark) for mark, _ in MARKS.values())

MOST_KEYS = 3
"""So many keys a person is shown of a finding; scripts get all."""


class Telling(Protocol):
    """Tells things as they come."""

    def begins(self) -> None: ...

    def checkup(self, checkup: Checkup) -> None: ...

    def finding(self, finding: Finding) -> None: ...

    def ends(self, results: Mapping[Result, int], states: Mapping[State, int], *, fix: bool) -> None: ...


class InWords:
    """For a person."""

    def __init__(self) -> None:
        self._advised: set[str] = set()

    def begins(self) -> None:
        """Nothing is said."""

    def checkup(self, checkup: Checkup) -> None:
        """See ``Telling``. The same advice is given once."""
        mark, colour = MARKS[checkup.result]
        out.print(
            f"[{colour}]{mark:<{WIDTH}}[/{colour}] {escape(checkup.check)}: {escape(checkup.seen)}",
            highlight=False,
        )
        if checkup.mend and checkup.mend not in self._advised:
            self._advised.add(checkup.mend)
            out.print(f"{'':<{WIDTH}} {escape(checkup.mend)}", style="dim", highlight=False)

    def finding(self, finding: Finding) -> None:
        colour = COLOURS[finding.state]
        whose = f"{finding.user} ({finding.account})" if finding.account else finding.user
        out.print(
            f"[{colour}]{finding.state:<{WIDTH}}[/{colour}] {finding.check}: {escape(whose)}", highlight=False
        )
        out.print(f"{'':<{WIDTH}} {escape(finding.what)}; {escape(finding.fate)}", highlight=False)
        for key in finding.keys[:MOST_KEYS]:
            out.print(f"{'':<{WIDTH}} {escape(key)}", style="dim", highlight=False)
        more = len(finding.keys) - MOST_KEYS
        if more > 0:
            out.print(f"{'':<{WIDTH}} and {more} more", style="dim", highlight=False)

    def ends(self, results: Mapping[Result, int], states: Mapping[State, int], *, fix: bool) -> None:
        left = states[State.OPEN]
        counts = {
            "mended": states[State.DONE],
            "wrong": results[Result.WRONG],
            "to be aware of": results[Result.WARNING],
            "not looked at": results[Result.UNKNOWN],
        }
        if told := [f"{count} {what}" for what, count in counts.items() if count]:
            out.print(f"{', '.join(told)}.", highlight=False)
        if left:
            out.print(f"{left} left to do{'.' if fix else ': withings-bridge doctor --fix'}", highlight=False)
        elif not results[Result.WRONG]:
            out.print("Nothing is left to do.")


class InJson:
    """For a script: one document, none of which is held in memory but what comes out of place."""

    def __init__(self) -> None:
        self._list: str | None = None
        self._late: list[Checkup] = []

    def begins(self) -> None:
        typer.echo('{"checks": [', nl=False)

    def checkup(self, checkup: Checkup) -> None:
        """See ``Telling``. One that comes after findings waits for the end."""
        if self._list == "findings":
            self._late.append(checkup)
        else:
            self._element("checks", asdict(checkup))

    def finding(self, finding: Finding) -> None:
        if self._list != "findings":
            typer.echo('\n], "findings": [', nl=False)
            self._list = None
        self._element("findings", asdict(finding))

    def ends(self, results: Mapping[Result, int], states: Mapping[State, int], *, fix: bool) -> None:
        del fix
        if self._list != "findings":
            typer.echo('\n], "findings": [', nl=False)
        rest: dict[str, Any] = {"wrong": results[Result.WRONG], "left": states[State.OPEN]}
        rest["broken_off"] = self._late[0].seen if self._late else None
        typer.echo(f"\n], {json.dumps(rest, ensure_ascii=False)[1:]}")

    def _element(self, name: str, value: Mapping[str, Any]) -> None:
        typer.echo(
            f"{',' if self._list == name else ''}\n  {json.dumps(value, ensure_ascii=False)}", nl=False
        )
        self._list = name
