import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.running import given_links
from e2e.guarded import Guarded, guarded_bridge

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="package")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """With one linked user."""
    folder = tmp_path_factory.mktemp("guarded")
    asyncio.run(given_links(folder))
    with guarded_bridge(folder) as guarded:
        yield guarded


@pytest.fixture
def description(guarded: Guarded, tmp_path: Path) -> Path:
    """What the bridge says of itself, in a file."""
    file = tmp_path / "bridge.json"
    file.write_bytes(httpx.get(f"{guarded.url}/openapi.json", trust_env=False).content)
    return file


@pytest.fixture
def python_tools() -> Path:
    """Where the programs of the environment are that makes Python clients."""
    configured = os.environ.get("OPENAPI_PYTHON_CLIENT_BIN")
    tools = Path(configured) if configured else REPOSITORY / ".venvs/openapi-python-client/bin"
    if not tools.is_dir():
        pytest.skip("needs an environment of requirements-openapi-python-client.lock: make engines")
    return tools


@pytest.fixture
def node_modules() -> Path:
    """Where the packages are that make TypeScript clients."""
    modules = Path(__file__).with_name("typescript") / "node_modules"
    if shutil.which("node") is None or not modules.is_dir():
        pytest.skip("needs node, and the packages of tests/clients/typescript: make engines")
    return modules
