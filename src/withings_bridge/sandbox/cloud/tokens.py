"""/v2/oauth2: exchange, refresh, revoke and the demo account."""

import hmac
import secrets
from typing import Any

from withings_bridge.sandbox.cloud.call import Call
from withings_bridge.sandbox.cloud.envelope import SAME_ARGUMENTS, invalid_params, throttled
from withings_bridge.sandbox.cloud.scopes import granted_scope
from withings_bridge.sandbox.cloud.signature import check_client, check_signed
from withings_bridge.sandbox.world.grants import ACCESS_SECONDS, TokenPair

JsonObject = dict[str, Any]


async def requesttoken(call: Call) -> JsonObject:
    """A pair for a code or for a refresh token."""
    if call.sandbox.faults.same_arguments:
        wait = call.sandbox.echoes.repeat(("requesttoken", frozenset(call.parameters.items())))
        if wait:
            raise throttled(SAME_ARGUMENTS, wait)
    _check_credentials(call)
    match call.text("grant_type"):
        case "authorization_code":
            return _exchange(call)
        case "refresh_token":
            return _refresh(call)
        case _:
            raise invalid_params("grant_type")


async def revoke(call: Call) -> JsonObject:
    """Ends the person's pairs with this client, and every subscription."""
    check_signed(call)
    userid = call.required_integer("userid")
    world, client_id = call.sandbox.world, call.sandbox.options.client_id
    if world.people.find(userid) is None:
        raise invalid_params("userid")
    world.grants.end(userid, now=call.sandbox.clock.timestamp(), client_id=client_id)
    world.subscriptions.remove_all(userid, client_id=client_id)
    return {}


async def getdemoaccess(call: Call) -> JsonObject:
    """A pair for the demo account, which is the first person."""
    check_signed(call)
    people = call.sandbox.world.people.all()
    scope = granted_scope(call.text("scope_oauth2"))
    if scope is None or not people:
        raise invalid_params("scope_oauth2")
    pair = call.sandbox.world.grants.issue(
        userid=people[0].userid,
        client_id=call.sandbox.options.client_id,
        scope=scope,
        now=call.sandbox.clock.timestamp(),
    )
    return _reply(pair, userid=str(pair.userid))


def _check_credentials(call: Call) -> None:
    if "signature" in call.parameters:
        check_signed(call)
        return
    check_client(call)
    known = call.sandbox.options.client_secret
    if not hmac.compare_digest(call.text("client_secret").encode(), known.encode()):
        raise invalid_params("client_secret")


def _exchange(call: Call) -> JsonObject:
    sandbox, now = call.sandbox, call.sandbox.clock.timestamp()
    grants = sandbox.world.grants
    sent_code, redirect_uri = call.text("code"), call.text("redirect_uri")
    code = grants.spend_code(sent_code, now=now)
    if code is None:
        raise invalid_params("code")
    if redirect_uri != code.redirect_uri:
        raise invalid_params("redirect_uri")
    older = None
    if sandbox.faults.consent_ends_older_pairs:
        older = grants.newest(code.userid, code.client_id, now=now)
    pair = grants.issue(
        userid=code.userid,
        client_id=code.client_id,
        scope=code.scope,
        now=now,
        parent=older.id if older else None,
    )
    # A string here and an integer on refresh, as seen live.
    return _reply(pair, userid=str(pair.userid))


def _refresh(call: Call) -> JsonObject:
    sandbox, now = call.sandbox, call.sandbox.clock.timestamp()
    grants = sandbox.world.grants
    old = grants.by_refresh_token(call.text("refresh_token"), now=now)
    if old is None:
        raise invalid_params("refresh_token")
    pair = grants.newest_child(old) if sandbox.faults.second_refresh_repeats_pair else None
    if pair is None:
        pair = grants.issue(
            userid=old.userid, client_id=old.client_id, scope=old.scope, now=now, parent=old.id
        )
    return _reply(pair, userid=pair.userid)


def _reply(pair: TokenPair, *, userid: str | int) -> JsonObject:
    return {
        "userid": userid,
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "scope": pair.scope,
        "expires_in": ACCESS_SECONDS,
        "token_type": "Bearer",
        "csrf_token": secrets.token_hex(20),
    }
