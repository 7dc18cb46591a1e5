"""What the predecessor left in the tokens table of a house, with pairs that Withings knows or refuses."""

from datetime import datetime
from typing import Any

from builders import HOUR, a_token_row
from contract.storage.backends import SqliteBackend
from unit.sandbox.sandbox_driver import Driver, Linked
from unit.services.house import WINDOWS, House
from withings_bridge.domain.links import Place
from withings_bridge.services.links.adopting import Adopting
from withings_bridge.storage.base import Links
from withings_bridge.storage.user_rows import milliseconds

USER = "user-1"


async def a_live_pair(cloud: Driver, person: int | None = None) -> Linked:
    """A pair of somebody who has consented, not through the bridge."""
    return await cloud.link(person=person)


def a_row(
    user: str,
    place: Place,
    userid: str,
    *,
    saved_at: datetime,
    tokens: dict[str, Any] | None = None,
    **attributes: Any,
) -> dict[str, Any]:
    """A row of the predecessor; without ``tokens`` it holds a pair that Withings refuses."""
    tokens = tokens or {"access_token": f"{place}-dead", "refresh_token": f"{place}-dead-{user}"}
    at = milliseconds(saved_at)
    row = a_token_row(
        user,
        userid,
        key=place.key(user),
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        created_at=at,
        updated_at=at,
        expires_at=at + 10_800_000,
        cognito_user_id=f"{user}#withings" if place is Place.DOUBLED else user,
    )
    return row | attributes


async def refreshes(house: House) -> int:
    return len([call for call in await house.calls() if call.action == "requesttoken"])


async def row_with(house: House, place: Place, **more: Any) -> dict[str, Any]:
    """A row whose pair Withings honours, saved an hour ago."""
    linked = await a_live_pair(house.cloud)
    await house.forget_calls()
    saved_at = more.pop("saved_at", house.clock() - HOUR)
    user = more.pop("user", USER)
    return a_row(user, place, str(linked.userid), saved_at=saved_at, tokens=linked.tokens, **more)


async def put_dead_rows(house: House, table: SqliteBackend) -> str:
    """A pair in each place, none of which Withings honours; the account they name."""
    userid = str((await a_live_pair(house.cloud)).userid)
    for hours, place in enumerate(Place):
        await table.put_token_row(a_row(USER, place, userid, saved_at=house.clock() - hours * HOUR))
    await house.forget_calls()
    return userid


async def another_person(house: House, userid: str) -> int:
    people = await house.cloud.control("GET", "/people")
    return next(int(each["userid"]) for each in people if str(each["userid"]) != userid)


def adopting_over(house: House, links: Links) -> Adopting:
    return Adopting(
        accounts=house.storage.accounts,
        links=links,
        ephemera=house.storage.ephemera,
        tokens=house.tokens,
        granting=house.granting,
        marking=house.marking,
        windows=WINDOWS,
        sweep_every=6 * HOUR,
        clock=house.clock,
    )
