from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contract.storage.backends import SqliteBackend
from fakes import FakeClock
from unit.services.house import House, a_house


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
