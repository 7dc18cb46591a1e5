"""The dashboard, on a terminal and where there is none."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders import a_pair, an_account
from unit.cli.calling import PROGRAM, call
from unit.cli.terminal import Terminal
from withings_bridge.domain.trail import Step, What
from withings_bridge.storage.sqlite import SqliteStorage

pytestmark = pytest.mark.e2e


class TestWithoutATerminal:
    def test_it_is_one_picture(self, tmp_path: Path) -> None:
        ended = call("dashboard", folder=tmp_path)
        assert (ended.code, ended.err) == (0, "")
        assert "nobody is linked yet" in ended.out
        assert "\x1b" not in ended.out
        assert "q leaves" not in ended.out

    def test_it_is_json_for_a_script(self, tmp_path: Path) -> None:
        assert json.loads(call("dashboard", "--json", folder=tmp_path).out)["accounts"] == []


class TestOnATerminal:
    @pytest.fixture
    def terminal(self, tmp_path: Path) -> Iterator[Terminal]:
        terminal = Terminal((*PROGRAM, "dashboard"), tmp_path, TERM="xterm-256color")
        yield terminal
        terminal.close()

    @pytest.mark.parametrize("key", ["q", "\x03"], ids=["q", "Ctrl-C"])
    def test_it_stays_until_the_person_leaves_and_gives_the_screen_back(
        self, terminal: Terminal, key: str
    ) -> None:
        assert "\x1b[?1049h" in terminal.awaits("q leaves")
        terminal.type(key)
        terminal.awaits("\x1b[?1049l")
        assert terminal.ends() == 0

    def test_it_shows_what_others_do_as_they_do_it(self, terminal: Terminal, tmp_path: Path) -> None:
        terminal.awaits("nobody is linked yet")
        asyncio.run(self.somebody_links(tmp_path / "data/withings-bridge.db"))
        assert "1 waiting" in terminal.awaits("somebody connected Withings.")
        terminal.type("q")
        assert terminal.ends() == 0

    @staticmethod
    async def somebody_links(path: Path) -> None:
        """As another process does it."""
        now = datetime.now(UTC)
        async with SqliteStorage(path) as storage:
            account = an_account("1234", "somebody", linked_at=now)
            await storage.links.join("somebody", "1234", a_pair(saved_at=now), lambda _: account)
            await storage.trail.append([Step(now, "1234", What.LINKED, user="somebody")], now=now)

    def test_once_is_once(self, tmp_path: Path) -> None:
        terminal = Terminal((*PROGRAM, "dashboard", "--once"), tmp_path, TERM="xterm-256color")
        shown = terminal.awaits("Nothing yet.")
        assert terminal.ends() == 0
        assert "\x1b[?1049h" not in shown
        terminal.close()
