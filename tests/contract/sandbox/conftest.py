import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from contract.sandbox.sandbox_server import Served, served_sandbox
from withings_bridge.sandbox import SandboxOptions

_REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A year of one person on a real port."""
    async with served_sandbox(SandboxOptions(auto_approve=True, days=365)) as running:
        yield running


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], Any]:
    """Reads a recorded reply by its file name; skips where the recordings are not at hand."""
    configured = os.environ.get("WITHINGS_RECORDED_DIR")
    folder = Path(configured) if configured else _REPOSITORY.parent / "shared" / "recorded"

    def read(name: str) -> Any:
        path = folder / "aiowithings" / name
        if not path.is_file():
            pytest.skip(f"needs the recorded reply {name}; WITHINGS_RECORDED_DIR names their folder")
        return json.loads(path.read_text())

    return read


@pytest.fixture(scope="session")
def withings_api_python() -> str:
    """The interpreter of an environment that holds withings-api, which needs an older pydantic."""
    configured = os.environ.get("WITHINGS_API_PYTHON")
    python = Path(configured) if configured else _REPOSITORY / ".venvs/withings-api/bin/python"
    if not python.is_file():
        pytest.skip(
            "needs an environment of requirements-withings-api.lock; WITHINGS_API_PYTHON names its Python"
        )
    return str(python)
