"""All stored tokens under the first encryption key, with what is left to do told at the end."""

import json
from contextlib import aclosing
from dataclasses import asdict

import typer

from withings_bridge.cli.output import err, fail, out
from withings_bridge.cli.users import load_settings, run
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.services import Services
from withings_bridge.services.links.rotating import Rotation

NO_KEYS = """TOKEN_ENCRYPTION_KEYS is not set: there is no key to encrypt stored tokens with.
Make one with `openssl rand -base64 32 | tr +/ -_`, give it to every bridge, and run this again."""

LOST = """Encrypted with a key that TOKEN_ENCRYPTION_KEYS does not hold, and left as they are, are tokens of:
  {users}
Add that key and run this again. Without it these users must connect again."""

UNSETTLED = """Tokens are still being stored under another key. Give every bridge the same
TOKEN_ENCRYPTION_KEYS, restart it, and run this again."""

SETTLED = "All tokens are under the first key: the others can be taken out of TOKEN_ENCRYPTION_KEYS."


def rotate_keys(*, as_json: bool) -> None:
    """Rotate, showing how far it is; the exit code says whether the other keys can go."""
    settings = load_settings()
    if not settings.encryption_keys:
        fail(NO_KEYS, code=2)

    async def work(services: Services) -> Rotation:
        done = Rotation()
        with err.status("Reading the tokens table") as shown:
            try:
                async with aclosing(services.rotating.rotate()) as rotating:
                    async for done in rotating:
                        shown.update(_counted(done))
            except StorageUnavailable as error:
                fail(f"{error}\n{_counted(done)} so far. Run this again to go on.")
        return done

    done = run(settings, work)
    if as_json:
        typer.echo(json.dumps(asdict(done) | {"unreadable": sorted(done.unreadable)}, indent=2))
    else:
        out.print(_counted(done), highlight=False)
        _tell_what_is_left(done)
    if done.unreadable or not done.settled:
        raise typer.Exit(1)


def _counted(done: Rotation) -> str:
    return f"Rows rewritten: {done.rewritten}, current already: {done.current}"


def _tell_what_is_left(done: Rotation) -> None:
    if done.unreadable:
        users = "\n  ".join(sorted(done.unreadable))
        out.print(LOST.format(users=users), style="yellow", markup=False, highlight=False)
    if not done.settled:
        out.print(UNSETTLED, style="yellow", markup=False, highlight=False)
    if done.settled and not done.unreadable:
        out.print(SETTLED, style="green", markup=False, highlight=False)
