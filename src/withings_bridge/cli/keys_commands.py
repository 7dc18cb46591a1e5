"""The commands about keys."""

from typing import Annotated

import typer

from withings_bridge.callers import ApiKey, Scope
from withings_bridge.cli.output import fail
from withings_bridge.cli.teaching import examples, taught

keys = typer.Typer(
    name="keys",
    help="Make API keys for services and operators; encrypt stored tokens under a new key.",
    epilog=examples("withings-bridge keys new app --scope sync"),
    no_args_is_help=True,
)


def _scope(word: str) -> Scope:
    try:
        return Scope[word.upper()]
    except KeyError:
        raise typer.BadParameter("choose read, sync or admin") from None


@taught(
    keys,
    "withings-bridge keys new app --scope sync",
    "withings-bridge keys new operator --scope admin",
    name="new",
)
def new_key(
    name: Annotated[
        str, typer.Argument(help="Whose key it is, as the log will name it: letters, digits, _ and -.")
    ],
    scope: Annotated[
        Scope,
        typer.Option(
            parser=_scope,
            metavar="read|sync|admin",
            help="read: how users are linked, and their data; sync: also link, sync and disconnect them; "
            "admin: also tend the bridge itself.",
        ),
    ],
) -> None:
    """Make an API key. It is shown once: the bridge is told its SHA-256 alone."""
    try:
        key, entry = ApiKey.made(name, scope)
    except ValueError:
        fail("A key's name has at most 32 letters, digits, _ and -, and begins with a letter or a digit.")
    typer.echo(f"The key, for whoever calls with it as X-API-Key:\n  {key}")
    typer.echo(f"Its entry, to add to API_KEYS of the bridge (entries are separated by commas):\n  {entry}")


@taught(keys, "withings-bridge keys rotate")
def rotate(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Encrypt all stored tokens under the first key of TOKEN_ENCRYPTION_KEYS.

    Put the new key before the old one, restart every bridge, run this, then take the old key out. Bridges may
    run meanwhile, and it may be repeated. Plain tokens of the Node connector are encrypted too. Ends with 1
    where a key is missing.
    """
    from withings_bridge.cli.rotation import rotate_keys

    rotate_keys(as_json=as_json)
