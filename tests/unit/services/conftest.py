from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contract.storage.backends import SqliteBackend
from fakes import FakeClock
from unit.services.house import House, a_house
from withings_bridge.services import holding
from withings_bridge.services.inbox import requesting, working
from withings_bridge.services.links import granting, linking, tokens
from withings_bridge.services.links.tokens import SAVE_PAUSES


@pytest.fixture(autouse=True)
def _looks_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for somebody else looks again at once, in real time."""
    for module in (holding, granting, requesting):
        monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    for module in (linking, tokens):
        monkeypatch.setattr(module, "SAVE_PAUSES", [0.01 for _ in SAVE_PAUSES])
    monkeypatch.setattr(tokens, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(working, "WAIT_SECONDS", 0.01)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
    """A bridge beside a cloud of two people who have typed in a height, and nothing else."""
    async with a_house(tmp_path, clock) as house:
        yield house


@pytest.fixture
def table(tmp_path: Path) -> SqliteBackend:
    """The store of the house, by another door: rows of others are put and read there."""
    return SqliteBackend(tmp_path / "bridge.db")
