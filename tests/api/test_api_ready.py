"""Whether a bridge can do its work, for whoever sends it some."""

import asyncio

import pytest

from api.running import Bridge
from withings_bridge.services.oversight.diagnosing import Ailment, Diagnosing, Health

SOON = 5


async def told(bridge: Bridge) -> tuple[int, dict[str, object]]:
    reply = await bridge.http.get("/ready")
    return reply.status_code, reply.json()


def ill(bridge: Bridge, monkeypatch: pytest.MonkeyPatch, *ailments: Ailment) -> None:
    async def health(_: Diagnosing) -> Health:
        return Health(ailments, None)

    monkeypatch.setattr(Diagnosing, "health", health)


class TestReady:
    async def test_says_how_each_part_is(self, lone: Bridge) -> None:
        found: dict[str, object] = {}
        async with asyncio.timeout(SOON):
            while found.get("status") != "ready":
                _, found = await told(lone)
        assert found == {
            "status": "ready",
            "store": "answers",
            "worker": "goes round",
            "credentials": "not refused",
            "paused_until": None,
        }

    @pytest.mark.parametrize(
        ("ailment", "part", "how"),
        [(Ailment.STORE, "store", "silent"), (Ailment.WORKER, "worker", "stands still")],
    )
    async def test_is_not_while_it_could_do_nothing(
        self, lone: Bridge, monkeypatch: pytest.MonkeyPatch, ailment: Ailment, part: str, how: str
    ) -> None:
        ill(lone, monkeypatch, ailment)
        status, found = await told(lone)
        assert (status, found["status"], found[part]) == (503, "not ready", how)
        assert (await lone.http.get("/ready")).headers["retry-after"] == "5"

    async def test_is_with_credentials_that_withings_refuses_since_news_are_kept(
        self, lone: Bridge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ill(lone, monkeypatch, Ailment.CREDENTIALS)
        status, found = await told(lone)
        assert (status, found["credentials"]) == (200, "refused")

    async def test_answers_whoever_asks_for_the_head_alone(self, lone: Bridge) -> None:
        assert (await lone.http.head("/ready")).status_code in {200, 503}

    async def test_is_not_once_it_was_told_to_stop_though_it_answers(self, lone: Bridge) -> None:
        lone.app.state.ending.set()
        status, found = await told(lone)
        assert (status, found["status"], found["store"]) == (503, "stopping", "answers")
