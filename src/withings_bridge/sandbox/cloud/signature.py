"""/v2/signature getnonce, and the check of signed calls.

A signature is HMAC-SHA256 under the client secret over three values, ordered by parameter name and
joined by commas: action, client_id and timestamp for getnonce, action, client_id and nonce elsewhere.
"""

import hashlib
import hmac
from typing import Any

from withings_bridge.sandbox.cloud.call import Call
from withings_bridge.sandbox.cloud.envelope import BAD_NONCE, BAD_SIGNATURE, Refusal, invalid_params

JsonObject = dict[str, Any]

_ALLOWED_SKEW = 300
"""Seconds; Withings publishes none."""


async def getnonce(call: Call) -> JsonObject:
    timestamp = call.required_integer("timestamp")
    clock = call.sandbox.clock
    # A caller knows the time outside the sandbox, where nobody moved the clock.
    if min(abs(timestamp - clock.timestamp()), abs(timestamp - clock.unmoved())) > _ALLOWED_SKEW:
        raise invalid_params("timestamp")
    check_client(call)
    _check_signature(call, call.text("timestamp"))
    return {"nonce": call.sandbox.world.nonces.issue(now=clock.timestamp())}


def check_client(call: Call) -> None:
    if call.text("client_id") != call.sandbox.options.client_id:
        raise invalid_params("client_id")


def check_signed(call: Call) -> None:
    """Raises Refusal unless the call carries a fresh nonce and a signature over it."""
    check_client(call)
    nonce = call.text("nonce")
    _check_signature(call, nonce)
    if not call.sandbox.world.nonces.spend(nonce, now=call.sandbox.clock.timestamp()):
        raise Refusal(BAD_NONCE, "Invalid nonce")


def _check_signature(call: Call, last_value: str) -> None:
    options = call.sandbox.options
    signed = f"{call.action},{options.client_id},{last_value}"
    expected = hmac.new(options.client_secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), call.text("signature").encode()):
        raise Refusal(BAD_SIGNATURE, "Invalid signature")
