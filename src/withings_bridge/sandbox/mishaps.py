"""Mishaps on demand: what goes wrong with calls to the API host, which calls it hits, and how often.

They stand beside the switches of `faults`. The cloud makes them happen; here they are only picked.
"""

import itertools
from dataclasses import dataclass
from random import Random
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0, le=600)]


class AnyMishap(BaseModel):
    """Which calls are hit. What befalls them is said by each kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: str | None = Field(
        None, description="Such as getmeas, requesttoken or subscribe; any by default."
    )
    path: str | None = Field(
        None, description="Such as /v2/sleep, for actions that several services share; any by default."
    )
    userid: int | None = Field(
        None, description="Whose calls, as far as their token or code tells; everybody's by default."
    )
    later_pages: bool = Field(False, description="Only calls that ask for a second or later page.")
    skip: int = Field(0, ge=0, description="How many such calls pass before the first is hit.")
    times: int | None = Field(1, ge=1, description="How many calls are hit; null: until it is removed.")
    probability: float = Field(
        1, gt=0, le=1, description="Each call's chance of being hit, drawn from the sandbox's own seed."
    )
    seconds: Seconds = Field(
        0, description="Silence before the answer or the cut, after whatever work is done. In real time."
    )


class Refused(AnyMishap):
    """An envelope with a status of Withings, without any work done."""

    kind: Literal["status"]
    status: int = Field(description="Such as 215, 401, 503, 522 or 601.")
    error: str | None = Field(None, description="Its text; by default the one known for the status.")
    wait_seconds: int | None = Field(None, ge=0, description="In the body, as Withings sends it with 601.")


class FrontEnd(AnyMishap):
    """A real HTTP error with an HTML page: the front end speaks, and no work is done."""

    kind: Literal["http"]
    http_status: int = Field(502, ge=400, le=599)
    retry_after: int | None = Field(None, ge=0, description="Seconds, as the Retry-After header.")


class Empty(AnyMishap):
    """HTTP 200 with nothing in it, without any work done."""

    kind: Literal["empty"]


class Cut(AnyMishap):
    """The connection breaks in the reply, and no work was done."""

    kind: Literal["cut"]


class Lost(AnyMishap):
    """The work is done and its reply is lost: the connection breaks, after ``seconds`` of silence."""

    kind: Literal["lost"]


class Slow(AnyMishap):
    """The work is done and the reply is right, but late."""

    kind: Literal["slow"]
    seconds: Seconds = Field(gt=0, description="Silence between the work and its reply. In real time.")


class Incomplete(AnyMishap):
    """The reply holds only its first ``rows`` rows and says that there are no more."""

    kind: Literal["incomplete"]
    rows: int = Field(0, ge=0)


class Stuck(AnyMishap):
    """The reply says that there are more rows, and names as their place the offset that was asked for."""

    kind: Literal["stuck"]


Mishap = Annotated[
    Refused | FrontEnd | Empty | Cut | Lost | Slow | Incomplete | Stuck, Field(discriminator="kind")
]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a mishap picks its calls by."""

    path: str
    action: str
    userid: int | None
    later_page: bool


@dataclass(slots=True)
class Planned:
    """One mishap and what became of it."""

    id: int
    mishap: Mishap
    passed: int = 0
    """Calls it was meant for and let pass at the start."""
    hits: int = 0

    @property
    def over(self) -> bool:
        return self.mishap.times is not None and self.hits >= self.mishap.times

    def takes(self, arrival: Arrival, chance: Random) -> bool:
        """Whether this call is hit, which counts."""
        if self.over or not self._is_meant_for(arrival):
            return False
        if self.passed < self.mishap.skip:
            self.passed += 1
            return False
        if self.mishap.probability < 1 and chance.random() >= self.mishap.probability:
            return False
        self.hits += 1
        return True

    def _is_meant_for(self, arrival: Arrival) -> bool:
        mishap = self.mishap
        return (
            mishap.action in {None, arrival.action}
            and mishap.path in {None, arrival.path}
            and mishap.userid in {None, arrival.userid}
            and (arrival.later_page or not mishap.later_pages)
        )


class Mishaps:
    """The planned mishaps, in the order they were added. A restart forgets them."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._ids = itertools.count(1)
        self._planned: dict[int, Planned] = {}
        self._chance = Random(f"{seed}:mishaps")

    def add(self, mishap: Mishap) -> Planned:
        planned = Planned(next(self._ids), mishap)
        self._planned[planned.id] = planned
        return planned

    def all(self) -> list[Planned]:
        """Those that are over too, until they are removed."""
        return list(self._planned.values())

    def remove(self, mishap_id: int) -> bool:
        """Whether there was one."""
        return self._planned.pop(mishap_id, None) is not None

    def clear(self) -> None:
        """Drops all and begins chance anew, so that the same calls meet the same fate again."""
        self._planned.clear()
        self._chance = Random(f"{self._seed}:mishaps")

    def met_by(self, arrival: Arrival) -> Planned | None:
        """The first that hits this call, if any does; those after it do not see the call."""
        return next((one for one in self._planned.values() if one.takes(arrival, self._chance)), None)
