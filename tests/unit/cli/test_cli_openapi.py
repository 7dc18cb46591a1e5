"""The description of the API at a terminal."""

import json
from pathlib import Path

import pytest

from api.running import alone
from unit.cli.calling import call

pytestmark = pytest.mark.e2e


class TestOpenapi:
    def test_needs_no_settings_and_opens_no_store(self, tmp_path: Path) -> None:
        ended = call("openapi", folder=tmp_path)
        assert ended.code == 0, ended.err
        assert list(tmp_path.iterdir()) == []

    async def test_prints_what_the_bridge_serves(self, tmp_path: Path) -> None:
        ended = call("openapi", folder=tmp_path)
        async with alone(tmp_path) as bridge:
            served = (await bridge.http.get("/openapi.json")).json()
        assert json.loads(ended.out) == served

    def test_writes_it_to_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "bridge.json"
        ended = call("openapi", "--output", str(file), folder=tmp_path)
        assert (ended.code, ended.out) == (0, "")
        assert json.loads(file.read_text())["info"]["title"] == "withings-bridge"

    def test_says_when_it_cannot_be_written(self, tmp_path: Path) -> None:
        ended = call("openapi", "--output", str(tmp_path / "none" / "bridge.json"), folder=tmp_path)
        assert ended.code == 1
        assert "could not be written" in ended.err
        assert "Traceback" not in ended.err
