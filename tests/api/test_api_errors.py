import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import withings_bridge
from api.running import USER, Bridge, alone
from fakes import FailingSyncs
from withings_bridge.api.errors import STATUS, status_of
from withings_bridge.domain import errors


def every_error() -> list[type[errors.BridgeError]]:
    """All kinds of error in the whole package, the root first."""
    for module in pkgutil.walk_packages(withings_bridge.__path__, "withings_bridge."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

    def below(kind: type[errors.BridgeError]) -> Iterator[type[errors.BridgeError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from below(child)

    return list(dict.fromkeys(below(errors.BridgeError)))


LEAVES = [kind for kind in every_error() if not kind.__subclasses__()]


async def reply_to(lone: Bridge, error: Exception) -> tuple[int, dict[str, str], dict[str, str]]:
    """Status, headers and body of a sync that failed so."""
    lone.services = replace(lone.services, requesting=FailingSyncs(error))
    reply = await lone.http.post("/api/withings/sync", json={"cognitoUserId": USER})
    return reply.status_code, dict(reply.headers), reply.json()


class TestErrorTree:
    @pytest.mark.parametrize("kind", LEAVES)
    def test_every_leaf_has_a_status_of_its_branch(self, kind: type[errors.BridgeError]) -> None:
        row = next(parent for parent in kind.__mro__ if parent in STATUS)
        assert row is not errors.BridgeError, f"{kind.__name__} is nobody's case but our bug's"
        assert status_of(kind()) == STATUS[row]

    @pytest.mark.parametrize("kind", every_error())
    def test_every_error_says_a_sentence(self, kind: type[errors.BridgeError]) -> None:
        text = str(kind())
        assert text[0].isupper()
        assert text.endswith(".")
        assert " " in text

    def test_the_drawing_shows_the_tree_as_it_is(self) -> None:
        drawn = {
            line.split("─ ")[1].split()[0] for line in (errors.__doc__ or "").splitlines() if "── " in line
        }
        ours = {kind.__name__ for kind in every_error() if kind.__module__ == errors.__name__}
        assert drawn == ours - {"BridgeError"}


class TestReplies:
    @pytest.mark.parametrize("kind", LEAVES)
    async def test_every_error_leaves_in_one_shape(
        self, lone: Bridge, kind: type[errors.BridgeError]
    ) -> None:
        status, headers, body = await reply_to(lone, kind())
        assert status == status_of(kind())
        assert set(body) == {"error", "code", "request_id"}
        assert body["request_id"] == headers["x-request-id"]
        assert body["error"] == str(kind())
        assert body["code"].replace("_", "") == kind.__name__.lower()
        assert ("retry-after" in headers) == (status in {429, 503})

    async def test_who_knows_how_long_to_wait_says_so(self, lone: Bridge) -> None:
        error = errors.RateLimited(retry_after=timedelta(seconds=67.2))
        _, headers, _ = await reply_to(lone, error)
        assert headers["retry-after"] == "68"

    async def test_a_bug_is_admitted_and_not_described(self, lone: Bridge) -> None:
        with capture_logs() as lines:
            status, headers, body = await reply_to(lone, ValueError("81.3 kg of access-0123456789"))
        assert status == 500
        assert body["error"] == "Something went wrong here; it has been noted."
        assert body["code"] == "internal_error"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        (line,) = [line for line in lines if line["log_level"] == "error"]
        assert line["event"] == "our bug"
        assert line["request_id"] == body["request_id"] == headers["x-request-id"]

    async def test_the_bridge_goes_on_after_a_bug(self, tmp_path: Path) -> None:
        async with alone(tmp_path) as bridge:
            await reply_to(bridge, ZeroDivisionError())
            assert (await bridge.http.get("/health")).status_code == 200
