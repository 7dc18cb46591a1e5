"""What control calls name in their path: a person, a record; 404 where there is none."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, HTTPException, status

from withings_bridge.sandbox.deeds import Doer
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.world.people import Person
from withings_bridge.sandbox.world.records import Record, Service

YEARS = range(1971, 2100)


async def _known_person(userid: int, sandbox: CurrentSandbox) -> Person:
    person = sandbox.world.people.find(userid)
    if person is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"Nobody in the sandbox has the userid {userid}.")
    return person


KnownPerson = Annotated[Person, Depends(_known_person)]


async def _doer(person: KnownPerson, sandbox: CurrentSandbox) -> Doer:
    return Doer(sandbox, person)


CurrentDoer = Annotated[Doer, Depends(_doer)]


def known_record(sandbox: RunningSandbox, person: Person, service: Service, key: str) -> Record:
    record = sandbox.world.records.find(person.userid, service, key, at=sandbox.clock.epoch())
    if record is None:
        raise HTTPException(
            status.HTTP_404_NOT_FOUND, f"{person.name} has no record {key} of {service.value}."
        )
    return record


def epoch(moment: datetime | None, person: Person) -> int | None:
    """Seconds since the epoch; a time without a zone is the person's local time. Raises 422 for one at which
    nobody measures.
    """
    if moment is None:
        return None
    if moment.year not in YEARS:
        raise HTTPException(
            status.HTTP_422_UNPROCESSABLE_CONTENT,
            f"The time must lie between {YEARS.start} and {YEARS.stop - 1}.",
        )
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=person.zone)
    return int(moment.timestamp())
