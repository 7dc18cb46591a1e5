"""Every path and action of the cloud: which scopes it takes, and which function answers it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from withings_bridge.sandbox.cloud import activity, heart, measures, notify, signature, sleep, tokens, user
from withings_bridge.sandbox.cloud.call import Call
from withings_bridge.sandbox.cloud.scopes import ACTIVITY, ALL, INFO, METRICS


@dataclass(frozen=True, slots=True)
class Action:
    """What the gate must know before a call goes through."""

    answer: Callable[[Call], Awaitable[dict[str, Any]]]
    scopes: frozenset[str] | None
    """Any one of these is enough; None needs no bearer at all."""
    data: bool
    """Refused when it is repeated with the same arguments within 10 s."""


def _open(answer: Callable[[Call], Awaitable[dict[str, Any]]]) -> Action:
    return Action(answer, None, data=False)


def _data(answer: Callable[[Call], Awaitable[dict[str, Any]]], *scopes: str) -> Action:
    return Action(answer, frozenset(scopes), data=True)


def _notify(answer: Callable[[Call], Awaitable[dict[str, Any]]]) -> Action:
    return Action(answer, ALL, data=False)


_NOTIFY_ACTIONS = ("subscribe", "get", "list", "update", "revoke")

ACTIONS: dict[tuple[str, str], Action] = {
    ("/v2/oauth2", "requesttoken"): _open(tokens.requesttoken),
    ("/v2/oauth2", "revoke"): _open(tokens.revoke),
    ("/v2/oauth2", "getdemoaccess"): _open(tokens.getdemoaccess),
    ("/v2/signature", "getnonce"): _open(signature.getnonce),
    ("/measure", "getmeas"): _data(measures.getmeas, METRICS),
    ("/v2/measure", "confirmuser"): Action(measures.confirmuser, frozenset({METRICS}), data=False),
    ("/v2/measure", "getactivity"): _data(activity.getactivity, ACTIVITY),
    ("/v2/measure", "getintradayactivity"): _data(activity.getintradayactivity, ACTIVITY),
    ("/v2/measure", "getworkouts"): _data(activity.getworkouts, ACTIVITY),
    ("/v2/sleep", "get"): _data(sleep.get, ACTIVITY),
    ("/v2/sleep", "getsummary"): _data(sleep.getsummary, ACTIVITY),
    ("/v2/heart", "list"): _data(heart.list_ecgs, METRICS),
    ("/v2/heart", "get"): _data(heart.get_ecg, METRICS),
    ("/v2/stetho", "list"): _data(heart.list_sounds, METRICS),
    ("/v2/stetho", "get"): _data(heart.get_sound, METRICS),
    ("/v2/user", "getdevice"): _data(user.getdevice, INFO),
    ("/v2/user", "getgoals"): _data(user.getgoals, INFO, METRICS),
    ("/notify", "subscribe"): _notify(notify.subscribe),
    ("/notify", "get"): _notify(notify.get),
    ("/notify", "list"): _notify(notify.list_all),
    ("/notify", "update"): _notify(notify.update),
    ("/notify", "revoke"): _notify(notify.revoke),
    **{("/v2/notify", action): _notify(notify.insufficient_scope) for action in _NOTIFY_ACTIONS},
}
