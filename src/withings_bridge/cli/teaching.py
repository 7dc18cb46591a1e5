"""How the commands are grouped in help, what examples look like there, and what the exit codes mean."""

from collections.abc import Callable
from inspect import cleandoc
from typing import Any, TypeVar

import typer

RUN, PEOPLE, DATA, TROUBLE, SOFTWARE = "Run", "People", "Data", "Trouble", "Other software"
"""The groups of commands, as help has them."""

EXIT_CODES = {
    0: "Done. Explain: nothing is missing. Doctor: nothing is to be mended.",
    1: "Not done, as the message says. Explain and doctor: something is wrong.",
    2: "The command or the environment is wrong; nothing was begun.",
    130: "Cut off by Ctrl-C. Servers, the dashboard, the menu and --follow end with 0 then.",
}

FIRST_MINUTE = {
    "withings-bridge serve": "a bridge, beside a pretend Withings",
    "withings-bridge auth demo-user": "connect somebody (in another shell)",
    "withings-bridge dashboard": "see what happens",
    "withings-bridge doctor": "what is wrong, and how to mend it",
}

AT_A_TERMINAL = (
    "Bare on a terminal it is a menu. Commands, options, users and metrics are completed after "
    "withings-bridge --install-completion. Colours are for terminals alone, and NO_COLOR=1 takes them away."
)

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def taught(
    app: typer.Typer, *lines: str, name: str | None = None, panel: str | None = None
) -> Callable[[CommandT], CommandT]:
    """A command whose help is its docstring, in paragraphs that fit any width, with lines to copy below."""

    def teach(command: CommandT) -> CommandT:
        paragraphs = cleandoc(command.__doc__ or "").split("\n\n")
        told = "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)
        return app.command(name, help=told, epilog=examples(*lines), rich_help_panel=panel)(command)

    return teach


def examples(*lines: str) -> str:
    """The end of a help: a line to copy for each."""
    return "Examples:\n" + "\n".join(f"  {line}" for line in lines)


def about_all() -> str:
    """The end of the help of the program itself."""
    codes = "\n".join(f"  {code:<4} {meaning}" for code, meaning in EXIT_CODES.items())
    minute = "\n".join(f"  {line:<31} {what}" for line, what in FIRST_MINUTE.items())
    return f"The first minute:\n{minute}\n\nExit codes:\n{codes}\n\n{AT_A_TERMINAL}"
