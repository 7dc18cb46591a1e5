"""The control calls of a running sandbox, from a terminal."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import typer
from rich.table import Table

from withings_bridge.cli.output import fail, out
from withings_bridge.settings import Settings
from withings_bridge.settings.problems import SettingsError

LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 30
MOST_VALUES = 4

NOBODY = """No sandbox answers at {url}.
Start one beside the bridge (withings-bridge serve, without Withings credentials) or alone
(withings-bridge sandbox), or say where it is with --url."""


class SandboxCalls:
    """Calls one sandbox, and ends the program with what is wrong where it cannot."""

    def __init__(self, url: str | None, person: int | None) -> None:
        self._url = (url or _usual_url()).rstrip("/")
        self._person = person

    def ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """The answer to a control call, decoded."""
        given = {name: str(value) for name, value in query.items() if value is not None}
        try:
            reply = httpx.request(
                method,
                f"{self._url}/sandbox{path}",
                json=body,
                params=given,
                timeout=PATIENCE_SECONDS,
                trust_env=False,
            )
        except (httpx.HTTPError, httpx.InvalidURL):
            fail(NOBODY.format(url=self._url))
        if reply.is_error:
            fail(_complaint(reply))
        try:
            return reply.json() if reply.content else None
        except ValueError:
            fail(NOBODY.format(url=self._url))

    def of_person(self, method: str, path: str = "", body: object = None) -> Any:
        """The same about the person that was named, else the only one, else the first who is linked."""
        return self.ask(method, f"/people/{self.person()}{path}", body)

    def person(self) -> int:
        """The userid of whom it is about."""
        if self._person is None:
            people: list[dict[str, Any]] = self.ask("GET", "/people")
            linked = [each for each in people if each["linked"]]
            if not people:
                fail("Nobody lives in the sandbox.")
            if len(people) > 1 and len(linked) != 1:
                known = ", ".join(str(each["userid"]) for each in people)
                fail(f"Who? Name one with --person: {known}.", code=2)
            self._person = int((linked or people)[0]["userid"])
        return self._person

    def followed(self, path: str, *, most: int, name: Callable[[Any], object]) -> Iterator[Any]:
        """The last so many of a list, then what comes, until somebody presses Ctrl-C."""
        told: set[object] = set()
        limit = most
        with suppress(KeyboardInterrupt):
            while True:
                found = self.ask("GET", path, limit=limit)
                new = [each for each in found if name(each) not in told]
                yield from new
                told |= {name(each) for each in new}
                limit = 1000
                time.sleep(LOOK_SECONDS)


def tell(reply: object, words: str, *, as_json: bool) -> None:
    """What a deed brought: as the sandbox said it, or in words."""
    if as_json:
        typer.echo(json.dumps(reply, indent=2, ensure_ascii=False))
    else:
        out.print(words, highlight=False, markup=False)


def table(heads: Iterable[str], rows: Iterable[Iterable[object]], *, none: str) -> None:
    """A table, or a word where it would be empty."""
    lines = [[str(cell) if cell is not None else "" for cell in row] for row in rows]
    if not lines:
        out.print(none)
        return
    drawn = Table(*heads, box=None, pad_edge=False, header_style="dim", show_header=bool(tuple(heads)))
    for line in lines:
        drawn.add_row(*line)
    out.print(drawn)


def _usual_url() -> str:
    """The sandbox beside the bridge that is configured here, or the one it was told to use."""
    try:
        settings = Settings.load()
    except SettingsError:
        return "http://localhost:5002"
    return settings.api_url


def _complaint(reply: httpx.Response) -> str:
    with suppress(ValueError, KeyError, TypeError):
        detail = reply.json()["detail"]
        if isinstance(detail, str):
            return detail
        return "\n".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in detail)
    return f"The sandbox answered {reply.status_code}."


# --- what is shown of a row ---------------------------------------------------------------------------


def named(name: str) -> tuple[str, str]:
    """The service and the key in the name of a record."""
    service, _, key = name.partition("/")
    if not service or not key:
        raise typer.BadParameter("name it as `sandbox records` does: measures/123", param_hint="RECORD")
    return service, key


def of_record(service: str, row: dict[str, Any]) -> tuple[str, str]:
    """A record's name, and what it holds."""
    if service == "measures":
        values = [f"type {each['type']}: {each['value'] * 10 ** each['unit']:g}" for each in row["measures"]]
        more = f" and {len(values) - MOST_VALUES} more" if len(values) > MOST_VALUES else ""
        return f"measures/{row['grpid']}", ", ".join(values[:MOST_VALUES]) + more
    if service == "activity":
        return f"activity/{row['date']}", f"{row.get('steps', 0):,} steps"
    if service == "nights":
        return f"nights/{row['id']}", f"{(row['enddate'] - row['startdate']) / 3600:.2f} hours, {row['date']}"
    key = row.get("id") or row.get("signalid") or ""
    return f"{service}/{key}", str(row.get("date", ""))


def of_request(entry: dict[str, Any]) -> tuple[str, ...]:
    """A call as a line."""
    mishap = entry["mishap"] or ""
    answer = "no reply" if entry["status"] is None else f"{entry['status']} {entry['error']}".strip()
    return (
        entry["at"][11:19],
        f"{entry['path']} {entry['action']}",
        str(entry["userid"] or ""),
        answer,
        mishap,
    )


def of_delivery(delivery: dict[str, Any]) -> tuple[str, ...]:
    """A notification as a line."""
    answer = "" if delivery["last_status"] is None else str(delivery["last_status"])
    about = f"appli {delivery['appli']}"
    return delivery["created_at"][11:19], about, str(delivery["userid"]), delivery["state"], answer


def passing(
    calls: SandboxCalls,
    path: str,
    line: Callable[[dict[str, Any]], tuple[str, ...]],
    *,
    follow: bool,
    limit: int,
    as_json: bool,
) -> None:
    """The last of what passed, and with ``follow`` what comes; a line each, as JSON one object a line."""

    def name(each: dict[str, Any]) -> object:
        return each["id"], each.get("state")

    if not follow:
        found = calls.ask("GET", path, limit=limit)
        if as_json:
            tell(found, "", as_json=True)
        else:
            table((), [line(each) for each in found], none="Nothing yet.")
        return
    for each in calls.followed(path, most=limit, name=name):
        typer.echo(json.dumps(each, ensure_ascii=False) if as_json else "  ".join(filter(None, line(each))))
