"""Things that tests are about, with good defaults: name only what the test is about."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import News
from withings_bridge.domain.links import Link, TokenPair
from withings_bridge.domain.mapping import CONTRACT
from withings_bridge.domain.notifications import Window
from withings_bridge.domain.records import Kind, Record
from withings_bridge.domain.vitals7 import VitalRow

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""The instant at which tests take place unless they say otherwise."""

NOON_MS = int(NOON.timestamp()) * 1000

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def a_pair(*, saved_at: datetime = NOON, name: str = "first", lifetime: timedelta = 3 * HOUR) -> TokenPair:
    """A token pair; ``name`` shows in both tokens, so that pairs can be told apart."""
    return TokenPair(
        access_token=f"access-{name}",
        refresh_token=f"refresh-{name}",
        expires_at=saved_at + lifetime,
        saved_at=saved_at,
        lifetime=lifetime,
    )


def a_link(
    *,
    user: str = "user-1",
    account: str = "1234",
    pair: TokenPair | None = None,
    pushed_at: datetime | None = None,
) -> Link:
    return Link(user=user, account=account, pair=pair or a_pair(), pushed_at=pushed_at)


def a_token_row(user: str, userid: str, *, key: str | None = None, **attributes: Any) -> dict[str, Any]:
    """The row of ``a_pair`` in the tokens table, attributes changed, or left out where they are None."""
    row = {
        "userId": key or f"{user}#withings",
        "cognito_user_id": user,
        "access_token": "access-first",
        "refresh_token": "refresh-first",
        "expires_in": 10800,
        "expires_at": NOON_MS + 10_800_000,
        "created_at": NOON_MS,
        "updated_at": NOON_MS,
        "api_name": "Withings",
        "token_type": "bearer",
        "withings_userid": userid,
    }
    return {name: value for name, value in (row | attributes).items() if value is not None}


def an_account(userid: str = "1234", *users: str, linked_at: datetime = NOON, **fields: Any) -> Account:
    """An account of ``user-1``, or of the users named, with nothing to do."""
    known = {"projected": CONTRACT.version} | fields
    return Account(userid=userid, users=frozenset(users or {"user-1"}), linked_at=linked_at, **known)


def a_window(start: datetime = NOON, *, length: timedelta = SECOND) -> Window:
    return Window(start, start + length)


def news_of(*windows: Window) -> dict[Category, News]:
    """News of measures in the given windows, or in one at noon."""
    return {Category.MEASURES: News(frozenset(windows or {a_window()}))}


def a_weight(kilograms: int = 70) -> dict[str, Any]:
    """A measure of a group: a weight."""
    return {"value": kilograms, "type": 1, "unit": 0}


def a_record(
    key: str = "1001",
    *,
    kind: Kind = Kind.MEASURES,
    at: datetime = NOON,
    modified: datetime | None = None,
    body: Mapping[str, Any] | None = None,
) -> Record:
    """A measure group with one weight, or whatever the body says."""
    epoch = int(at.timestamp())
    content = {"grpid": key, "attrib": 0, "date": epoch, "modified": epoch, "measures": [a_weight()]}
    return Record(
        kind=kind,
        key=key,
        at=at,
        modified=modified or at,
        body=content if body is None else body,
    )


def a_row(
    grpid: int = 1001,
    *,
    vital_type: str = "weight",
    value: str = "154.32",
    units: str = "lbs",
    recorded_at: datetime = NOON,
    notes: str = "",
) -> VitalRow:
    """A row of ``user_vitals`` as a scale gives it."""
    return VitalRow(
        vital_type=vital_type,
        value=value,
        units=units,
        recorded_at=int(recorded_at.timestamp()),
        source_id=f"withings_weight_{grpid}_1",
        device_used="Withings Scale",
        recording_context="home_measurement",
        notes=notes,
    )


def a_weighing(grpid: int, at: int) -> dict[str, Any]:
    """A measure group as Withings sends it, taken at that epoch second; each has a weight of its own."""
    return {
        "grpid": grpid,
        "attrib": 0,
        "date": at,
        "created": at,
        "modified": at,
        "category": 1,
        "deviceid": None,
        "measures": [{"type": 1, "value": 70_000 + grpid, "unit": -3}],
    }
