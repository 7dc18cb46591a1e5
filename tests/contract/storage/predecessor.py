"""What the predecessor and other connectors left in the tokens table."""

from datetime import datetime
from typing import Any

from builders import NOON, a_pair, a_token_row
from contract.storage.backends import Backend
from withings_bridge.domain.links import Place
from withings_bridge.storage.user_rows import attributes


async def put_all(backend: Backend, user: str, userid: str, **saved_at: datetime) -> None:
    """A row in every place, each with a pair of its own, saved at noon unless named."""
    for place in Place:
        pair = a_pair(saved_at=saved_at.get(place, NOON), name=place)
        row = attributes(user, userid, pair)
        if place is Place.DOUBLED:
            row["cognito_user_id"] = f"{user}#withings"
        await backend.put_token_row({"userId": place.key(user), **row})


def a_doubled_row(user: str, userid: str, **attributes: Any) -> dict[str, Any]:
    """Refreshed tokens where the predecessor never looked again."""
    key, named = f"{user}#withings#withings", f"{user}#withings"
    return a_token_row(user, userid, key=key, **{"cognito_user_id": named} | attributes)


def foreign_rows(user: str, userid: str) -> list[dict[str, Any]]:
    """Rows of other connectors, some of which look like ours at a glance."""
    return [
        a_token_row(user, userid, key=f"{user}#fitbit", api_name="Fitbit", withings_userid=None),
        a_token_row(user, userid, key=f"{user}#withings#fitbit", api_name="Fitbit"),
        a_token_row(user, userid, key=f"{user}#ihealth", api_name="Withings"),
        a_token_row(user, userid, key=user, api_name="EightLtr"),
    ]
