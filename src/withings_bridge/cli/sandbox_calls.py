"""The control calls of a running sandbox, from a terminal."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpx
import typer
from rich.table import Table

from withings_bridge.cli.output import fail, out
from withings_bridge.settings import Settings
from withings_bridge.settings.problems import SettingsError

PATIENCE_SECONDS = 30
LOOKED_AT = 1000
"""So many of what passed are looked through for what is new."""

NOBODY = """No sandbox answers at {url}.
Start one beside a bridge (withings-bridge serve, without Withings credentials) or alone
(withings-bridge sandbox), or say with --url where it is."""

REAL = """{url} is the real Withings, where nothing can be pretended.
Say with --url where a sandbox is; withings-bridge sandbox starts one."""


class SandboxCalls:
    """Calls one sandbox, and ends the program with what is wrong where it cannot."""

    def __init__(self, url: str | None, person: str | None = None) -> None:
        self._url = (url or _usual_url()).rstrip("/")
        self._named = person
        self._person: dict[str, Any] | None = None
        if f".{_host(self._url)}".endswith(".withings.net"):
            fail(REAL.format(url=self._url), code=2)

    def ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """The answer to a control call, decoded."""
        given = {name: str(value) for name, value in query.items() if value is not None}
        try:
            with self._client() as http:
                reply = http.request(method, self._at(path), json=body, params=given)
        except (httpx.HTTPError, httpx.InvalidURL):
            self._nobody()
        if reply.is_error:
            fail(_complaint(reply))
        try:
            return reply.json() if reply.content else None
        except ValueError:
            self._nobody()

    def of_person(self, method: str, path: str = "", body: object = None, **query: object) -> Any:
        """The same about the person that is meant."""
        return self.ask(method, f"/people/{self.person['userid']}{path}", body, **query)

    @property
    def person(self) -> dict[str, Any]:
        """Who is meant: who was named, else the only one, else the first who is linked."""
        if self._person is None:
            self._person = self._meant(self.ask("GET", "/people"))
        return self._person

    def news(self) -> Iterator[None]:
        """Once at the beginning, then whenever anything has happened, until somebody presses Ctrl-C."""
        with suppress(KeyboardInterrupt):
            try:
                with self._client() as http, http.stream("GET", self._at("/events")) as events:
                    yield
                    for line in events.iter_lines():
                        if line == "event: news":
                            yield
            except (httpx.HTTPError, httpx.InvalidURL):
                self._nobody()
            fail("The sandbox has ended.")

    def _client(self) -> httpx.Client:
        # Without TLS no certificates are read, which would take longer than the call.
        checked = self._url.startswith("https:")
        return httpx.Client(verify=checked, timeout=PATIENCE_SECONDS, trust_env=False)

    def _at(self, path: str) -> str:
        return f"{self._url}/sandbox{path}"

    def _nobody(self) -> NoReturn:
        fail(NOBODY.format(url=self._url))

    def _meant(self, people: list[dict[str, Any]]) -> dict[str, Any]:
        known = ", ".join(f"{each['userid']} ({each['name']})" for each in people)
        if self._named is not None:
            found = [each for each in people if self._named in {str(each["userid"]), each["name"]}]
            return found[0] if found else fail(f"Nobody here is {self._named}; there are {known}.", code=2)
        linked = [each for each in people if each["linked"]]
        if len(people) == 1 or linked:
            return (linked or people)[0]
        return fail(f"Who? Name one with --person: {known}." if people else "Nobody lives here.", code=2)


def tell(reply: object, words: str, *, as_json: bool) -> None:
    """What a call brought: as the sandbox said it, or in words."""
    if as_json:
        typer.echo(json.dumps(reply, indent=2, ensure_ascii=False))
    else:
        out.print(words, highlight=False, markup=False)


def table(heads: Iterable[str], rows: Iterable[Iterable[object]], *, none: str = "") -> None:
    """A table, or a word where it would be empty."""
    lines = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not lines:
        out.print(none)
        return
    drawn = Table(*heads, box=None, pad_edge=False, header_style="dim")
    for line in lines:
        drawn.add_row(*line)
    out.print(drawn)


def passing(
    calls: SandboxCalls,
    path: str,
    say: Callable[[dict[str, Any]], str],
    *,
    follow: bool,
    limit: int,
    as_json: bool,
) -> None:
    """The last of what passed, and with ``follow`` what comes: a line each, as JSON an object a line."""
    told: set[str] | None = None
    # Wherever it reaches us: asking takes time too.
    with suppress(KeyboardInterrupt) if follow else nullcontext():
        for _ in calls.news() if follow else [None]:
            found = {
                json.dumps(each, ensure_ascii=False): each for each in calls.ask("GET", path, limit=LOOKED_AT)
            }
            new = list(found)[-limit:] if told is None else [each for each in found if each not in told]
            for each in new:
                typer.echo(each if as_json else say(found[each]))
            told = set(found)
    if not told and not as_json:
        out.print("Nothing yet.")


def _usual_url() -> str:
    """The sandbox beside the bridge that is set up here, or whatever that takes for Withings."""
    try:
        return Settings.load().api_url
    except SettingsError as error:
        return fail(f"The environment is not right, so say with --url where the sandbox is:\n{error}", code=2)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _complaint(reply: httpx.Response) -> str:
    with suppress(ValueError, KeyError, TypeError):
        detail = reply.json()["detail"]
        if isinstance(detail, str):
            return detail
        return "\n".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in detail)
    return f"The sandbox answered {reply.status_code}."
