"""The menu that a person gets who calls the program bare on a terminal."""

from contextlib import suppress

from rich.prompt import Prompt

from withings_bridge.cli.commands import cli
from withings_bridge.cli.output import out
from withings_bridge.cli.teaching import DATA, PEOPLE, RUN, TROUBLE

SANDBOX = "In the sandbox, while it runs"

GROUPS = {
    RUN: {
        "Start the bridge": "serve",
        "Start the sandbox alone": "sandbox",
        "See what happens": "dashboard",
    },
    PEOPLE: {
        "Connect a user to Withings": "auth",
        "Fetch a user's data now": "sync",
        "Show a user's status": "status",
        "Disconnect a user from Withings": "disconnect",
    },
    DATA: {"Show a user's newest readings": "records"},
    TROUBLE: {
        "Why is my reading not in the app?": "explain",
        "Look what is wrong, and how to mend it": "doctor",
        "Show what is stuck": "inbox list",
    },
    SANDBOX: {
        "Step on the scale": "sandbox weigh",
        "Take a blood pressure": "sandbox pressure",
        "Sleep a night": "sandbox sleep",
        "Walk": "sandbox walk",
    },
}
CHOICES = {
    str(number): command
    for number, command in enumerate((each for group in GROUPS.values() for each in group.values()), 1)
}
ABOUT_A_USER = frozenset({"auth", "sync", "status", "disconnect", "records", "explain"})
DEEDS = {
    "sandbox weigh": ("Weight in kg", "81.3"),
    "sandbox pressure": ("Systolic and diastolic in mmHg", "121 79"),
    "sandbox sleep": ("Hours", "7.5"),
    "sandbox walk": ("Steps of today", "8000"),
}
"""What is asked about a deed, and what is usual."""


def menu() -> None:
    """Ask what to do, and do it, until the person leaves."""
    with suppress(EOFError, KeyboardInterrupt):
        _until_left()


def _until_left() -> None:
    while True:
        _show()
        choice = Prompt.ask("Choose", choices=[*CHOICES, "q"], show_choices=False, default="q")
        if choice == "q":
            return
        command = CHOICES[choice]
        try:
            cli([*command.split(), *_asked(command)])
        except SystemExit as ended:
            if ended.code not in (0, None):
                out.print(f"[dim]ended with {ended.code}[/dim]")


def _asked(command: str) -> list[str]:
    """What more the command is to be told."""
    if command in ABOUT_A_USER:
        user = Prompt.ask("User id (empty: COGNITO_USER_ID)", default="").strip()
        return [user] if user else []
    if command in DEEDS:
        question, usual = DEEDS[command]
        return Prompt.ask(question, default=usual).split()
    return []


def _show() -> None:
    out.print("\n[bold]withings-bridge[/bold]")
    numbers = iter(CHOICES)
    for group, choices in GROUPS.items():
        out.print(f"[dim]{group}[/dim]")
        for title, command in choices.items():
            out.print(f" {next(numbers):>2}  {title}  [dim]{command}[/dim]")
    out.print("  q  Leave")
