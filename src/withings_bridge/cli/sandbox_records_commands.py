"""Commands about what the pretend cloud keeps of a person."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from withings_bridge.cli.sandbox_options import AsJson, Limit, Person, Url
from withings_bridge.cli.teaching import taught

kept = typer.Typer()


class Service(StrEnum):
    """Who serves a record."""

    MEASURES = "measures"
    ACTIVITY = "activity"
    NIGHTS = "nights"
    WORKOUTS = "workouts"
    HEART = "heart"
    STETHO = "stetho"


Name = Annotated[
    str, typer.Argument(metavar="RECORD", help="As `sandbox records` names it, such as measures/5100000123.")
]


@taught(kept, "withings-bridge sandbox records nights --limit 3", name="records")
def list_records(
    service: Annotated[
        Service | None,
        typer.Argument(help="Of which service. Default: measures, nights and activity.", show_default=False),
    ] = None,
    limit: Limit = 5,
    person: Person = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """The latest that Withings keeps, with the names that edit and delete want."""
    from withings_bridge.cli.sandbox_calls import SandboxCalls, table, tell

    found: list[dict[str, Any]] = SandboxCalls(url, person).of_person(
        "GET", "/latest", service=service, most=limit
    )
    if as_json:
        tell(found, "", as_json=True)
        return
    rows = [(_name(each), each["when"], each["what"]) for each in found]
    table(("record", "when", "what"), rows, none="Nothing is kept.")


@taught(kept, "withings-bridge sandbox edit measures/5100000123 --kg 80.9")
def edit(
    name: Name,
    kg: Annotated[float | None, typer.Option(help="Another weight.")] = None,
    steps: Annotated[int | None, typer.Option(help="Other steps of a day.")] = None,
    hours: Annotated[float | None, typer.Option(help="Another length of a night.")] = None,
    person: Person = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Change a record, which keeps its name and is announced again."""
    from withings_bridge.cli.sandbox_calls import SandboxCalls, tell

    service, key = _parts(name)
    ways: dict[str, tuple[str, dict[str, object]]] = {
        Service.MEASURES: (f"/measure-groups/{key}", {"kg": kg}),
        Service.ACTIVITY: (f"/activity-days/{key.partition('/')[0]}", {"steps": steps}),
        Service.NIGHTS: (f"/nights/{key}", {"hours": hours}),
    }
    path, change = ways.get(service, ("", {}))
    given = {field for field, value in (("kg", kg), ("steps", steps), ("hours", hours)) if value is not None}
    if given != set(change):
        raise typer.BadParameter(
            "say --kg of measures, --steps of activity or --hours of nights", param_hint="RECORD"
        )
    reply = SandboxCalls(url, person).of_person("PATCH", path, change)
    tell(reply, f"Changed {name}.", as_json=as_json)


@taught(kept, "withings-bridge sandbox delete nights/5100000124")
def delete(name: Name, person: Person = None, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a record, or all of a day of activity. Withings leaves it out from then on; only its time is
    announced.
    """
    from withings_bridge.cli.sandbox_calls import SandboxCalls, tell

    service, key = _parts(name)
    of_day = service == Service.ACTIVITY and "/" not in key
    path = f"/activity-days/{key}" if of_day else f"/records/{service}/{key}"
    reply = SandboxCalls(url, person).of_person("DELETE", path)
    tell(reply, f"Deleted {name}.", as_json=as_json)


def _name(record: dict[str, Any]) -> str:
    """Short: which device counted a day is left out, as no edit asks for it."""
    key = str(record["key"])
    return f"{record['service']}/{key.partition('/')[0] if record['service'] == Service.ACTIVITY else key}"


def _parts(name: str) -> tuple[str, str]:
    """The service and the key in a record's name."""
    service, _, key = name.partition("/")
    if service not in set(Service) or not key:
        raise typer.BadParameter("name it as `sandbox records` does: measures/123", param_hint="RECORD")
    return service, key
