"""Why a reading is not in the app."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from withings_bridge.api.dependencies import Reader, TheServices
from withings_bridge.api.explain_schemas import ExplainReply
from withings_bridge.api.replies import FOR_A_USER, replies
from withings_bridge.api.routers.users import UserId
from withings_bridge.domain.errors import NotLinked, UserUnknown

router = APIRouter(tags=["users"])


@router.get(
    "/api/withings/explain",
    operation_id="explain",
    summary="Why is my reading not in the app?",
    responses=replies(*FOR_A_USER, UserUnknown, NotLinked),
)
async def explain(
    caller: Reader,
    services: TheServices,
    user: UserId = None,
    day: Annotated[
        date | None,
        Query(description="A day of the person's own calendar. Default: today.", examples=["2026-01-15"]),
    ] = None,
) -> ExplainReply:
    """Walks the way of what was measured on a day (the device, Withings' announcement, our call, the stored
    record, the row, the word to the app), and names the stage that is missing and what to do.

    Told from what is stored; Withings is not asked. What happened is remembered for thirty days.
    """
    whom = await services.reporting.the_user(caller.meaning(user))
    return ExplainReply.of(await services.explaining.explain(whom, day))
