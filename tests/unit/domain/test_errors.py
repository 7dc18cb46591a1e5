"""The error tree as it is drawn, and the sentences people read."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from withings_bridge.domain import errors
from withings_bridge.domain.errors import BridgeError, Retry, WithingsError

DRAWN = re.compile(r"^(?P<branches>[│├└─ ]*)(?P<name>[A-Z]\w+)( {2,}.*)?$", re.MULTILINE)


def drawn() -> Iterator[tuple[str, str | None]]:
    """Each error of the drawing with its parent."""
    path: list[str] = []
    for line in DRAWN.finditer(errors.__doc__ or ""):
        depth = len(line["branches"]) // 4
        path[depth:] = [line["name"]]
        yield line["name"], path[depth - 1] if depth else None


def real(root: type[BridgeError] = BridgeError) -> list[type[BridgeError]]:
    """The tree's classes in this module."""
    found = [root]
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            found += real(child)
    return found


class TestTree:
    def test_is_as_drawn(self) -> None:
        classes = {cls.__name__: cls.__bases__[0].__name__ for cls in real()}
        assert dict(drawn()) == classes | {"BridgeError": None}


class TestMessage:
    @pytest.mark.parametrize("cls", real())
    def test_is_the_docstring_and_a_sentence(self, cls: type[BridgeError]) -> None:
        assert str(cls()) == (cls.__doc__ or "").partition("\n")[0]
        assert str(cls())[0].isupper()
        assert str(cls()).endswith(".")

    def test_may_be_given(self) -> None:
        assert str(errors.NotLinked("Nobody is linked.")) == "Nobody is linked."


class TestWithingsError:
    @pytest.mark.parametrize(
        ("cls", "retry"),
        [
            (errors.BadToken, Retry.AFTER_REFRESH),
            (errors.BadGrant, Retry.RELINK),
            (errors.BadScope, Retry.NEVER),
            (errors.ApplicationRefused, Retry.LATER),
            (errors.BadParameters, Retry.NEVER),
            (errors.CallbackRefused, Retry.LATER),
            (errors.AlreadyAbsent, Retry.NEVER),
            (errors.RateLimited, Retry.LATER),
            (errors.RepeatedTooSoon, Retry.LATER),
            (errors.NotImplementedByWithings, Retry.NEVER),
            (errors.Transient, Retry.LATER),
            (errors.Malformed, Retry.LATER),
        ],
    )
    def test_says_what_to_do_next(self, cls: type[WithingsError], retry: Retry) -> None:
        assert cls().retry is retry
        assert cls(retry=Retry.RELINK).retry is Retry.RELINK

    def test_carries_what_withings_said(self) -> None:
        error = errors.RateLimited(status=601, retry_after=timedelta(seconds=68), max_attempts=3)
        assert (error.status, error.retry_after, error.max_attempts) == (601, timedelta(seconds=68), 3)
