"""A user's link: a way in, its notifications, and its end."""

from typing import Annotated

from fastapi import APIRouter, Body

from withings_bridge.api.dependencies import Syncer, TheServices
from withings_bridge.api.link_schemas import (
    ConfigureReply,
    DisconnectReply,
    DisconnectRequest,
    InitiateReply,
    RegisterReply,
)
from withings_bridge.api.replies import FOR_A_USER, SENDING, replies
from withings_bridge.api.routers.users import UserId
from withings_bridge.api.schemas import UserRequest
from withings_bridge.domain.errors import ConsentNeeded, NotLinked, NoWebhook, UserUnknown

NAME_WHOM = "Name the user: cognitoUserId or userId."

router = APIRouter()


@router.get(
    "/api/withings/auth/initiate",
    tags=["connect"],
    operation_id="initiate_link",
    summary="A way in for a browser",
    responses=replies(*FOR_A_USER, UserUnknown(NAME_WHOM)),
)
async def initiate_link(caller: Syncer, services: TheServices, user: UserId = None) -> InitiateReply:
    """A way in for the user's browser: open `authUrl` in a pop-up, within two minutes and once.

    It leads over a page of the bridge, which binds the sign-in to that browser, to Withings' consent.
    """
    whom = caller.meaning(user)
    if whom:
        return InitiateReply(auth_url=await services.linking.invite(whom))
    if caller.anybody:
        return InitiateReply(auth_url=services.linking.door)
    raise UserUnknown(NAME_WHOM)


@router.post(
    "/api/withings/register-webhooks",
    tags=["users"],
    operation_id="register_webhooks",
    summary="Subscribe notifications",
    responses=replies(*FOR_A_USER, *SENDING, UserUnknown, NotLinked, ConsentNeeded, NoWebhook),
)
async def register_webhooks(
    caller: Syncer,
    services: TheServices,
    request: Annotated[UserRequest | None, Body()] = None,
    user: UserId = None,
) -> RegisterReply:
    """Compare what Withings announces with what it should, and subscribe what is missing.

    The bridge does this by itself, at linking and at every sweep. Missing ones are subscribed some seconds
    apart; what takes longer than a minute goes on in the background.
    """
    named = (request.user if request else None) or user
    whom = await services.reporting.the_user(caller.meaning(named))
    return RegisterReply.of(await services.registering.register(whom))


@router.post(
    "/api/withings/disconnect",
    tags=["users"],
    operation_id="disconnect",
    summary="End a link",
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


@router.post(
    "/api/vitals7/configure",
    tags=["users"],
    operation_id="configure",
    summary="Say who is signed in",
    responses=replies(*FOR_A_USER, *SENDING, UserUnknown(NAME_WHOM)),
)
async def configure(caller: Syncer, request: Annotated[UserRequest | None, Body()] = None) -> ConfigureReply:
    """Kept for the app, which tells here who is signed in. Changes nothing: every call says whom it means."""
    user = request.user if request else None
    if not user:
        raise UserUnknown(NAME_WHOM)
    caller.meaning(user)
    return ConfigureReply()
