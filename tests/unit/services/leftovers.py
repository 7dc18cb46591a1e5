"""What the predecessor left in the tokens table of a house, with pairs that Withings knows or refuses."""

from datetime import datetime
from typing import Any

from builders import a_token_row
from unit.sandbox.sandbox_driver import Driver, Linked
from withings_bridge.domain.links import Place
from withings_bridge.storage.user_rows import milliseconds


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
    return a_token_row(
        user,
        userid,
        key=place.key(user),
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        created_at=at,
        updated_at=at,
        expires_at=at + 10_800_000,
        cognito_user_id=f"{user}#withings" if place is Place.DOUBLED else user,
        **attributes,
    )
