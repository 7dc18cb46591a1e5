"""A user's link: how it stands, a sync on demand, and its end."""

from typing import Annotated

from fastapi import APIRouter, Body, Query

from withings_bridge.api.dependencies import Reader, Syncer, TheServices
from withings_bridge.api.replies import FOR_A_USER, SENDING, replies
from withings_bridge.api.schemas import (
    DisconnectReply,
    DisconnectRequest,
    LinkedStatus,
    SummaryReply,
    SyncRequest,
    UnlinkedStatus,
)
from withings_bridge.domain.errors import (
    ConsentNeeded,
    LinkError,
    NotLinked,
    SyncFailed,
    UserUnknown,
)

NAME_WHOM = "Name the user to disconnect: userId or cognitoUserId."

router = APIRouter(tags=["users"])

UserId = Annotated[
    str | None,
    Query(alias="userId", description="Cognito `sub`; unset: the only linked user.", max_length=128),
]


@router.get("/api/status", operation_id="status", responses=replies(*FOR_A_USER))
async def status(caller: Reader, services: TheServices, user: UserId = None) -> LinkedStatus | UnlinkedStatus:
    """Whether the user is linked, how old the token is, and when data last came."""
    meant = caller.meaning(user)
    try:
        return LinkedStatus.of(await services.reporting.status(await services.reporting.the_user(meant)))
    except (LinkError, UserUnknown) as error:
        return UnlinkedStatus(message=str(error))


@router.post(
    "/api/withings/sync",
    operation_id="sync",
    responses=replies(*FOR_A_USER, *SENDING, UserUnknown, NotLinked, ConsentNeeded, SyncFailed),
)
async def sync(
    caller: Syncer,
    services: TheServices,
    request: Annotated[SyncRequest | None, Body()] = None,
    user: UserId = None,
) -> SummaryReply:
    """Bring a user up to date now, and answer with what was fetched and the latest body.

    Syncs asked for while one runs share the next. With `full` everything there ever was is imported,
    newest first; an import that runs already goes on to the beginning. The reply holds no more of it
    than a first import brings.
    """
    named = (request.user if request else None) or user
    whom = await services.reporting.the_user(caller.meaning(named))
    synced = await services.requesting.sync(whom, full=request is not None and request.full)
    return SummaryReply.of(await services.reporting.summary(whom, synced.fetched))


@router.post(
    "/api/withings/disconnect",
    operation_id="disconnect",
    responses=replies(*FOR_A_USER, *SENDING, UserUnknown(NAME_WHOM)),
)
async def disconnect(
    caller: Syncer, services: TheServices, request: Annotated[DisconnectRequest | None, Body()] = None
) -> DisconnectReply:
    """End a user's link: subscriptions and grant at Withings, as far as it plays along, then everything here.

    Takes up to 30 seconds, half of which Withings may use. While others share the Withings account nothing
    is said to Withings. What was brought stays unless `purge` is set. Who is not linked is disconnected
    already: that is a success, and so is a repetition.
    """
    # Never from the query: a page elsewhere can make a browser post that, but no JSON.
    user = request.user if request else None
    if request is None or not user:
        raise UserUnknown(NAME_WHOM)
    whom = caller.meaning(user) or user
    return DisconnectReply.of(await services.leaving.disconnect(whom, purge=request.purge))
