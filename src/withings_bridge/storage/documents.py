"""How accounts, record bodies and steps of a trail are written down, the same on every backend."""

import json
import zlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from pydantic import TypeAdapter

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import News
from withings_bridge.domain.trail import Step

WORTH_COMPRESSING = 1024
"""Bytes. Below this a body stays readable text in the store."""

_TRACE = "trace"
"""Among the categories of what is announced; none is called so."""


# Made when the first one is read or written, not while a bridge starts.
@cache
def _accounts() -> TypeAdapter[Account]:
    return TypeAdapter(Account)


@cache
def _steps() -> TypeAdapter[Step]:
    return TypeAdapter(Step)


def dump_account(account: Account) -> str:
    """The account as JSON text."""
    return _accounts().dump_json(account, exclude_defaults=True).decode()


def load_account(text: str | bytes) -> Account:
    """The account in JSON text that ``dump_account`` wrote, in this version or an earlier one."""
    return _accounts().validate_json(text)


def dump_news(news: Mapping[Category, News], trace: str | None) -> str:
    """What is announced as one line of JSON, with its trace where it has one."""
    line: dict[str, Any] = {category: sorted(added.tokens) for category, added in news.items()}
    return msgspec.json.encode(line | {_TRACE: trace} if trace else line).decode()


def load_news(line: str) -> tuple[dict[Category, News], str | None]:
    """What is announced, and its trace, in a line that ``dump_news`` wrote."""
    stored = json.loads(line)
    trace: str | None = stored.pop(_TRACE, None)
    return {Category(category): News.of(tokens) for category, tokens in stored.items()}, trace


def dump_step(step: Step) -> str:
    """The step as JSON text."""
    return _steps().dump_json(step, exclude_defaults=True).decode()


def load_step(text: str | bytes) -> Step:
    """The step in JSON text that ``dump_step`` wrote, in this version or an earlier one."""
    return _steps().validate_json(text)


def dump_body(body: Any) -> str | bytes:
    """A record's JSON as text, or as compressed bytes where that is worth it.

    In ASCII: a broken emoji in a device's name is half a surrogate pair, which no other encoding holds.
    """
    text = json.dumps(body, separators=(",", ":"))
    return zlib.compress(text.encode()) if len(text) > WORTH_COMPRESSING else text


def load_body(stored: str | bytes) -> dict[str, Any]:
    """The JSON that ``dump_body`` wrote."""
    text = stored if isinstance(stored, str) else zlib.decompress(stored)
    body: dict[str, Any] = json.loads(text)
    return body
