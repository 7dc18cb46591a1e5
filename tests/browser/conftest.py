"""A browser for each module; a bridge with its sandbox, and one that asks who calls, for them all."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from browser.pages import USER
from e2e.browser import chromium, the_chromium
from e2e.guarded import Guarded, guarded_bridge
from e2e.newcomer import Server, newcomers_bridge
from processes import leaks


@pytest.fixture(autouse=True)
def no_log_tells_a_secret() -> Iterator[None]:
    """Whatever a test is about, it fails when a bridge of it logs a token, a code or a secret."""
    yield
    assert leaks() == []


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    the_chromium()
    with newcomers_bridge(tmp_path_factory.mktemp("newcomer")) as server:
        server.link(USER)
        yield server


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded_bridge(tmp_path_factory.mktemp("guarded")) as bridge:
        yield bridge
