"""What is stuck, for operators: listed, looked at, replayed, dropped."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from withings_bridge.api.dependencies import TheServices, administering
from withings_bridge.api.inbox_schemas import (
    DropRequest,
    InboxAccount,
    InboxPage,
    ReplayedPage,
    ReplayRequest,
    TendedReply,
)
from withings_bridge.api.replies import CALLING, INVALID, SENDING, replies
from withings_bridge.domain.errors import NoSuchAccount
from withings_bridge.services.inbox.tending import PAGE

MOST_AT_ONCE = 1000

router = APIRouter(
    prefix="/api/withings/inbox",
    tags=["operations"],
    dependencies=[Depends(administering)],
)

Named = Annotated[
    str, Path(description="Withings' id of the account, or Cognito `sub` of a user.", max_length=128)
]
After = Annotated[str | None, Query(description="The `after` of the page before.", max_length=64)]
Limit = Annotated[int, Query(description="Accounts to look through.", ge=1, le=MOST_AT_ONCE)]


@router.get("", operation_id="list_inbox", summary="What is stuck", responses=replies(*CALLING, INVALID))
async def list_inbox(
    services: TheServices,
    everything: Annotated[bool, Query(description="Also what merely waits for its turn.")] = False,  # noqa: FBT002 - a flag of the query
    after: After = None,
    limit: Limit = PAGE,
) -> InboxPage:
    """The accounts in which work is retried or was given up, or which need a new consent, page by page."""
    page = await services.tending.page(everything=everything, after=after, limit=limit)
    return InboxPage.of(page, everything=everything)


@router.get(
    "/{account}",
    operation_id="show_inbox",
    summary="All that is pending in an account",
    responses=replies(*CALLING, INVALID, NoSuchAccount),
)
async def show_inbox(services: TheServices, account: Named) -> InboxAccount:
    """All that is pending in one account."""
    return InboxAccount.of(await services.tending.show(account), everything=True)


@router.post(
    "/replay",
    operation_id="replay_inboxes",
    summary="Try again what is stuck anywhere",
    responses=replies(*CALLING, *SENDING),
)
async def replay_inboxes(
    services: TheServices, request: ReplayRequest, after: After = None, limit: Limit = PAGE
) -> ReplayedPage:
    """Make what is stuck due now, in all accounts, page by page. Nothing of it is lost by a repeat."""
    page = await services.tending.page(everything=False, after=after, limit=limit)
    replayed = await services.tending.replay_each(page.found, request.choice)
    return ReplayedPage(replayed=[TendedReply.of(one) for one in replayed], after=page.after)


@router.post(
    "/{account}/replay",
    operation_id="replay_inbox",
    summary="Try again what is stuck in an account",
    responses=replies(*CALLING, *SENDING, NoSuchAccount),
)
async def replay_inbox(services: TheServices, account: Named, request: ReplayRequest) -> TendedReply:
    """Make what is stuck in one account due now, with the whole schedule of retries before it."""
    return TendedReply.of(await services.tending.replay(account, request.choice))


@router.post(
    "/{account}/drop",
    operation_id="drop_inbox",
    summary="Let go of what is stuck",
    responses=replies(*CALLING, *SENDING, NoSuchAccount),
)
async def drop_inbox(services: TheServices, account: Named, request: DropRequest) -> TendedReply:
    """Let go of stuck work. The next notification of a category brings it back; of an import only a
    sync with `full` does.
    """
    return TendedReply.of(await services.tending.drop(account, request.choice))
