"""A user's data: whether and how fresh it is, and a sync on demand."""

from typing import Annotated

from fastapi import APIRouter, Body, Query

from withings_bridge.api.dependencies import Reader, Syncer, TheServices
from withings_bridge.api.replies import FOR_A_USER, SENDING, replies
from withings_bridge.api.schemas import (
    ConnectionReply,
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

SYNCING = (UserUnknown, NotLinked, ConsentNeeded, SyncFailed)
"""What can go wrong where Withings is asked."""

router = APIRouter(tags=["users"])

UserId = Annotated[
    str | None,
    Query(
        alias="userId",
        description="Cognito `sub`; unset: the caller's own user, else the only linked one.",
        max_length=128,
    ),
]
OlderUserId = Annotated[
    str | None, Query(alias="userid", description="Older spelling of `userId`.", max_length=128)
]


@router.get("/api/status", operation_id="status", summary="How a link stands", responses=replies(*FOR_A_USER))
async def status(caller: Reader, services: TheServices, user: UserId = None) -> LinkedStatus | UnlinkedStatus:
    """Whether the user is linked, how old the token is, and when data last came."""
    meant = caller.meaning(user)
    try:
        status = await services.reporting.status(await services.reporting.the_user(meant))
    except (LinkError, UserUnknown) as error:
        return UnlinkedStatus(message=str(error))
    return LinkedStatus.of(status, with_token=caller.sees_tokens)


@router.get(
    "/api/withings/status",
    operation_id="withings_status",
    summary="Whether somebody is connected",
    responses=replies(*FOR_A_USER),
)
async def withings_status(
    caller: Reader, services: TheServices, user: UserId = None, older: OlderUserId = None
) -> ConnectionReply:
    """Whether the user is connected, and whether there is data; shorter than `/api/status`."""
    meant = caller.meaning(user or older)
    try:
        return ConnectionReply.of(await services.reporting.status(await services.reporting.the_user(meant)))
    except (LinkError, UserUnknown) as error:
        return ConnectionReply.without(str(error))


@router.get(
    "/api/withings/data",
    operation_id="withings_data",
    summary="All recent data, brought up to date",
    responses=replies(*FOR_A_USER, *SYNCING),
)
async def withings_data(caller: Reader, services: TheServices, user: UserId = None) -> SummaryReply:
    """The user's latest body, and all records of the import windows, brought up to date first.

    Goes to Withings, within the quota. The windows are those of the first import: a year of measures,
    ninety days of activity and sleep, unless the server is set up otherwise.
    """
    whom = await services.reporting.the_user(caller.meaning(user))
    await services.requesting.sync(whom)
    return SummaryReply.of(await services.reporting.summary(whom, await services.reporting.recent(whom)))


@router.post(
    "/api/withings/sync",
    operation_id="sync",
    summary="Sync now",
    responses=replies(*FOR_A_USER, *SENDING, *SYNCING),
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
