"""One call as a service sees it: its parameters, however they were sent, and who makes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from json import JSONDecodeError
from typing import Any

from fastapi import Request

from withings_bridge.sandbox.cloud.envelope import bad_token, invalid_params
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.world.grants import TokenPair
from withings_bridge.sandbox.world.people import Person

_TRUE = frozenset({"1", "true"})


async def sent_parameters(request: Request) -> dict[str, str]:
    """Query, form and JSON body merged, all as strings: the live server takes any of them."""
    parameters = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            sent = await request.json()
        except (JSONDecodeError, UnicodeDecodeError):
            raise invalid_params("body") from None
        if isinstance(sent, dict):
            parameters |= {str(name): _text(value) for name, value in sent.items() if value is not None}
    elif kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        async with request.form() as form:
            parameters |= {name: value for name, value in form.items() if isinstance(value, str)}
    return parameters


def sent_token(request: Request, parameters: Mapping[str, str]) -> str | None:
    """The bearer's token, from the header or, as older clients send it, a parameter."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return parameters.get("access_token")


def offset_of(parameters: Mapping[str, str]) -> int:
    """Where the page that is asked for begins; 0 for a first page, and for what is no number."""
    try:
        return int(parameters.get("offset", "0"))
    except ValueError:
        return 0


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that passed the gate: known action, quota left and, where needed, a good token."""

    action: str
    parameters: Mapping[str, str]
    sandbox: RunningSandbox
    pair: TokenPair | None
    """None for calls that need no bearer."""

    @property
    def bearer(self) -> TokenPair:
        if self.pair is None:
            raise bad_token()
        return self.pair

    @property
    def person(self) -> Person:
        """Whose token it is."""
        person = self.sandbox.world.people.find(self.bearer.userid)
        if person is None:
            raise bad_token()
        return person

    @property
    def now(self) -> int:
        return self.sandbox.clock.epoch()

    def text(self, name: str) -> str:
        """A parameter that must be there and not empty."""
        value = self.parameters.get(name, "")
        if not value:
            raise invalid_params(name)
        return value

    def integer(self, name: str) -> int | None:
        """A whole number, or None where it was not sent."""
        value = self.parameters.get(name)
        if value is None:
            return None
        try:
            return int(value)
        except ValueError:
            raise invalid_params(name) from None

    def required_integer(self, name: str) -> int:
        value = self.integer(name)
        if value is None:
            raise invalid_params(name)
        return value

    def day(self, name: str) -> str:
        """A local day that must be there, as YYYY-MM-DD."""
        try:
            return date.fromisoformat(self.text(name)).isoformat()
        except ValueError:
            raise invalid_params(name) from None

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in _TRUE

    def names(self, name: str) -> frozenset[str] | None:
        """A comma-separated list, or None where it was not sent or is empty."""
        value = self.parameters.get(name)
        if not value:
            return None
        return frozenset(part.strip() for part in value.split(",") if part.strip())

    def numbers(self, name: str) -> frozenset[int] | None:
        """A comma-separated list of whole numbers, or None where it was not sent."""
        named = self.names(name)
        try:
            return None if named is None else frozenset(map(int, named))
        except ValueError:
            raise invalid_params(name) from None
