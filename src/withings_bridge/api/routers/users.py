"""A user's link: how it stands, a sync on demand, and its end."""

from typing import Annotated

from fastapi import APIRouter, Body, Query

from withings_bridge.api.dependencies import Reader, Syncer, TheServices
from withings_bridge.api.schemas import (
    DisconnectReply,
    DisconnectRequest,
    ErrorReply,
    LinkedStatus,
    SummaryReply,
    SyncRequest,
    UnlinkedStatus,
)
from withings_bridge.domain.errors import LinkError, UserUnknown

router = APIRouter(
    tags=["users"],
    responses={
        422: {"model": ErrorReply, "description": "The request does not make sense; it says where."},
        503: {"model": ErrorReply, "description": "Withings or the store does not answer; try again."},
    },
)

UserId = Annotated[
    str | None,
    Query(alias="userId", description="Cognito `sub`; unset: the only linked user.", max_length=128),
]


@router.get("/api/status", operation_id="status")
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
    responses={
        400: {"model": ErrorReply, "description": "Several users are linked; name one."},
        401: {"model": ErrorReply, "description": "The user is not linked, or Withings wants new consent."},
        502: {"model": ErrorReply, "description": "Withings refused the call."},
    },
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
    responses={400: {"model": ErrorReply, "description": "No user is named, or none could be named so."}},
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
        raise UserUnknown("Name the user to disconnect: userId or cognitoUserId.")
    whom = caller.meaning(user) or user
    return DisconnectReply.of(await services.leaving.disconnect(whom, purge=request.purge))
