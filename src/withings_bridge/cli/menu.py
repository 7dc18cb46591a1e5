"""The menu that a person gets who calls the program bare on a terminal."""

from contextlib import suppress

from rich.prompt import Prompt

from withings_bridge.cli.commands import cli
from withings_bridge.cli.output import out

CHOICES = {
    "1": ("Start the bridge", "serve"),
    "2": ("Connect a user to Withings", "auth"),
    "3": ("Fetch a user's data now", "sync"),
    "4": ("Show a user's status", "status"),
    "5": ("Start the sandbox alone", "sandbox"),
    "6": ("Disconnect a user from Withings", "disconnect"),
    "7": ("Show what is stuck", "inbox list"),
    "8": ("Show a user's newest readings", "records"),
}
ABOUT_A_USER = frozenset({"auth", "sync", "status", "disconnect", "records"})


def menu() -> None:
    """Ask what to do, and do it, until the person leaves."""
    with suppress(EOFError, KeyboardInterrupt):
        _until_left()


def _until_left() -> None:
    while True:
        out.print("\n[bold]withings-bridge[/bold]")
        for key, (title, command) in CHOICES.items():
            out.print(f"  {key}  {title}  [dim]{command}[/dim]")
        out.print("  q  Leave")
        choice = Prompt.ask("Choose", choices=[*CHOICES, "q"], default="q")
        if choice == "q":
            return
        arguments = CHOICES[choice][1].split()
        if arguments[0] in ABOUT_A_USER:
            user = Prompt.ask("User id (empty: COGNITO_USER_ID)", default="").strip()
            arguments += [user] if user else []
        try:
            cli(arguments)
        except SystemExit as ended:
            if ended.code not in (0, None):
                out.print(f"[dim]ended with {ended.code}[/dim]")
