"""The command line: the same services as the HTTP edge, for a person at a terminal.

What the exit codes mean stands in ``teaching``.
"""

import gc
import os
import sys

COMPLETION = "_WITHINGS_BRIDGE_COMPLETE"
"""Set by a shell's completion."""


def main() -> None:
    """The console script. Bare on a terminal it is a menu, unless it is a shell that asks what to offer."""
    # What imports make stays. To look for garbage in it would take a tenth of their time.
    gc.disable()
    from withings_bridge.cli.commands import cli
    from withings_bridge.cli.menu import menu

    gc.freeze()
    gc.enable()
    if len(sys.argv) == 1 and sys.stdin.isatty() and COMPLETION not in os.environ:
        menu()
    else:
        cli()
