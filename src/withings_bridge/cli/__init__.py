"""The command line: the same services as the HTTP edge, for a person at a terminal.

Exit codes: 0 done; 1 not done (no user known, not linked, Withings or the store did not play along);
2 the command or the environment is wrong. ``doctor``: 0 nothing is left to do, 1 something is.
"""

import sys

from withings_bridge.cli.commands import cli
from withings_bridge.cli.menu import menu


def main() -> None:
    """The console script. Bare on a terminal it is a menu."""
    if len(sys.argv) == 1 and sys.stdin.isatty():
        menu()
    else:
        cli()
