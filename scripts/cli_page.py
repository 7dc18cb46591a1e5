"""Writes the commands into docs/cli.md, from the commands themselves.

``python scripts/cli_page.py``; with ``--check`` it writes nothing and ends with 1 where they differ.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from inspect import unwrap
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import typer

from withings_bridge.cli.commands import cli
from withings_bridge.cli.teaching import DATA, EXIT_CODES, PEOPLE, RUN, SOFTWARE, TROUBLE

PAGE = Path(__file__).resolve().parents[1] / "docs/cli.md"
BEGIN, END = "<!-- cli:begin -->", "<!-- cli:end -->"

PROGRAM = "withings-bridge"
PANELS = (RUN, PEOPLE, DATA, TROUBLE, SOFTWARE)

Command = Any
"""A command or a parameter of one, whose types Typer keeps to itself."""


def written() -> str:
    """Everything between the marks."""
    program: Command = typer.main.get_command(cli)
    return "\n".join([*_exit_codes(), *_contents(program), *_panels(program)])


def _exit_codes() -> Iterator[str]:
    yield "| Exit code | Meaning |"
    yield "| --- | --- |"
    for code, meaning in EXIT_CODES.items():
        yield f"| {code} | {meaning} |"
    yield ""


def _contents(program: Command) -> Iterator[str]:
    for panel in PANELS:
        links = [f"[`{name}`](#{name.replace(' ', '-')})" for name, _ in _of(program, panel)]
        yield f"**{panel}**: {', '.join(links)}"
        yield ""


def _panels(program: Command) -> Iterator[str]:
    for panel in PANELS:
        yield f"## {panel}"
        yield ""
        for name, command in _of(program, panel):
            yield from _command(name, command)


def _of(program: Command, panel: str) -> Iterator[tuple[str, Command]]:
    """The commands of the panel; of a group, each of its commands, and itself where it is one, too."""
    for name, command in program.commands.items():
        if command.hidden or command.rich_help_panel != panel:
            continue
        if command.epilog and getattr(command, "invoke_without_command", True):
            yield name, command
        if hasattr(command, "commands"):
            for each, inner in command.commands.items():
                yield f"{name} {each}", inner


def _command(name: str, command: Command) -> Iterator[str]:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    yield f"### {name}"
    yield ""
    yield _plain(command.help)
    yield ""
    kinds = get_type_hints(unwrap(command.callback))
    if arguments or options:
        yield f"| `{name}` | |"
        yield "| --- | --- |"
        for each in arguments:
            yield f"| `{_metavar(each)}` | {_meaning(each)} |"
        for each in options:
            yield f"| {_spelt(each, kinds[each.name])} | {_meaning(each)} |"
        yield ""
    yield "```sh"
    yield from (line.strip() for line in command.epilog.splitlines()[1:])
    yield "```"
    yield ""


def _plain(text: str) -> str:
    return text.replace("<", "&lt;").strip()


def _metavar(argument: Command) -> str:
    name = (argument.metavar or argument.name.upper()).strip("[]")
    return name if argument.required else f"[{name}]"


def _spelt(option: Command, kind: Any) -> str:
    names = [*option.opts, *option.secondary_opts]
    return ", ".join(f"`{name}`" for name in names) + (
        f" {_value(option, kind)}" if not option.is_flag else ""
    )


def _value(option: Command, kind: Any) -> str:
    """What is to be given: a name for it, else one of several words, else its type."""
    if option.metavar:
        return str(option.metavar).replace("|", " \\| ")
    kind = next((each for each in get_args(kind) if each is not NoneType), kind)  # X | None
    kind = next(iter(get_args(kind)), kind)  # list[X]
    if issubclass(kind, Enum):
        return " \\| ".join(f"`{each.value}`" for each in kind)
    return {int: "NUMBER", datetime: "DAY", Path: "FILE"}.get(kind, "TEXT")


def _meaning(parameter: Command) -> str:
    told = _plain(parameter.help or "")
    default = getattr(parameter.default, "value", parameter.default)
    if isinstance(default, bool) or not isinstance(default, str | int | float) or not parameter.show_default:
        return told
    return f"{told} Default: {default}."


def main() -> int:
    """Write the page, or say that it is not what it would be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where something differs")
    check = parser.parse_args().check
    before = PAGE.read_text(encoding="utf-8")
    head, _, rest = before.partition(BEGIN)
    _, _, tail = rest.partition(END)
    after = f"{head}{BEGIN}\n\n{written()}\n{END}{tail}"
    if after == before:
        return 0
    if check:
        print(f"{PAGE.name} is not what the commands say; run `make cli`", file=sys.stderr)
        return 1
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
