"""/notify: subscribe, get, list, update, revoke. Plain http and loopback callbacks are accepted,
since a sandbox is for laptops; the HEAD probe is as strict as Withings'.
"""

from typing import Any
from urllib.parse import urlsplit

import httpx

from withings_bridge.sandbox.announcing import Appli
from withings_bridge.sandbox.cloud.call import Call
from withings_bridge.sandbox.cloud.envelope import (
    CALLBACK_REFUSED,
    COMMENT_REFUSED,
    NO_SCOPE,
    NO_SUBSCRIPTION,
    NOTHING_DELETED,
    Refusal,
    invalid_params,
)
from withings_bridge.sandbox.cloud.scopes import scope_of
from withings_bridge.sandbox.world.subscriptions import Subscription

JsonObject = dict[str, Any]

_LONGEST = 255
"""Characters of a callback URL, and of a comment."""
_PROBE_SECONDS = 5.0
_NEVER = 2_147_483_647
"""``expires`` of every subscription, as recorded."""


async def subscribe(call: Call) -> JsonObject:
    appli, url, comment = _appli(call), call.parameters.get("callbackurl", ""), _comment(call) or ""
    _check_scope(call, appli)
    await _probe(call, url)
    same = [] if call.sandbox.faults.duplicate_subscriptions else _find(call, appli=appli, url=url)
    subscriptions = call.sandbox.world.subscriptions
    if same:
        subscriptions.change(same[0], appli=appli, url=url, comment=comment)
    else:
        subscriptions.add(
            client_id=call.bearer.client_id,
            userid=call.bearer.userid,
            appli=appli,
            url=url,
            comment=comment,
        )
    return {}


async def get(call: Call) -> JsonObject:
    found = _find(call, appli=_appli(call), url=call.text("callbackurl"))
    if not found:
        raise Refusal(NO_SUBSCRIPTION, "No such subscription could be found")
    return _shown(found[0])


async def list_all(call: Call) -> JsonObject:
    found = _find(call, appli=call.integer("appli"))
    return {"profiles": [_shown(subscription) | {"expires": _NEVER} for subscription in found]}


async def update(call: Call) -> JsonObject:
    """Changes URL, category or comment; at least one of them must be sent."""
    found = _find(call, appli=_appli(call), url=call.text("callbackurl"))
    if not found:
        raise Refusal(NO_SUBSCRIPTION, "No such subscription could be found")
    if not {"new_callbackurl", "new_appli", "comment"} & call.parameters.keys():
        raise invalid_params("new_callbackurl")
    subscription, comment = found[0], _comment(call)
    appli = _appli(call, "new_appli") if "new_appli" in call.parameters else Appli(subscription.appli)
    _check_scope(call, appli)
    url = call.parameters.get("new_callbackurl", subscription.url)
    if url != subscription.url:
        await _probe(call, url)
    call.sandbox.world.subscriptions.change(
        subscription, appli=appli, url=url, comment=subscription.comment if comment is None else comment
    )
    return {}


async def revoke(call: Call) -> JsonObject:
    """Removes the URL's subscription to one category, or without ``appli`` to all of them."""
    appli = None if call.integer("appli") is None else _appli(call)
    found = _find(call, appli=appli, url=call.text("callbackurl"))
    if not found:
        raise Refusal(NOTHING_DELETED, "No notification could be deleted")
    for subscription in found:
        call.sandbox.world.subscriptions.remove(subscription.id)
    return {}


async def insufficient_scope(_call: Call) -> JsonObject:
    """What every action of /v2/notify answers to the token of a public app."""
    raise Refusal(NO_SCOPE, "Insufficient_scope")


def _find(call: Call, *, appli: int | None = None, url: str | None = None) -> list[Subscription]:
    return call.sandbox.world.subscriptions.find(
        call.bearer.userid, client_id=call.bearer.client_id, appli=appli, url=url
    )


def _shown(subscription: Subscription) -> JsonObject:
    return {
        "appli": subscription.appli,
        "callbackurl": subscription.url,
        "comment": subscription.comment,
    }


def _appli(call: Call, name: str = "appli") -> Appli:
    number = call.integer(name)
    try:
        return Appli.WEIGHT if number is None else Appli(number)
    except ValueError:
        raise invalid_params(name) from None


def _check_scope(call: Call, appli: Appli) -> None:
    if scope_of(appli) not in call.bearer.scopes:
        raise Refusal(NO_SCOPE, "Insufficient_scope")


def _comment(call: Call) -> str | None:
    comment = call.parameters.get("comment")
    if comment is not None and len(comment) > _LONGEST:
        raise Refusal(COMMENT_REFUSED, "The comment is either absent or incorrect")
    return comment


async def _probe(call: Call, url: str) -> None:
    """Raises Refusal unless HEAD on the full URL is answered with 2xx."""
    refusal = Refusal(CALLBACK_REFUSED, "The callback URL is either absent or incorrect")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise refusal from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(url) > _LONGEST:
        raise refusal
    try:
        response = await call.sandbox.http.head(url, timeout=_PROBE_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL):
        raise refusal from None
    if not response.is_success:
        raise refusal
