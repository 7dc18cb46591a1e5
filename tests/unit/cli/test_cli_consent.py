"""A link that Withings no longer honours: every command says that and where to connect again."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from builders import NOON, a_pair, an_account
from unit.cli.calling import USER, Ended, call
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import ASKED, Work
from withings_bridge.storage.sqlite import SqliteStorage

pytestmark = pytest.mark.e2e

LOGIN = f"http://localhost:5001/login?state={USER}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refused")
    work = {Category.MEASURES: Work(news=ASKED, announced=1)}
    account = an_account("1234", USER, consent_needed_at=NOON, work=work)

    async def store() -> None:
        async with SqliteStorage(folder / "bridge.db") as storage:
            await storage.links.join(USER, "1234", a_pair(), lambda _: account)

    asyncio.run(store())
    return folder


def told(folder: Path, *arguments: str) -> Ended:
    return call(*arguments, folder=folder, SQLITE_PATH=str(folder / "bridge.db"))


class TestAConsentThatIsNeeded:
    def test_is_what_status_says(self, folder: Path) -> None:
        ended = told(folder, "status", USER)
        assert ended.code == 1
        assert re.search(r"linked +no", ended.out)
        assert "connect again" in ended.out
        assert LOGIN in ended.out
        status = json.loads(told(folder, "status", USER, "--json").out)
        assert set(status) == {"authenticated", "message"}
        assert "connect again" in status["message"]

    def test_is_why_a_sync_ends_with_1(self, folder: Path) -> None:
        ended = told(folder, "sync", USER)
        assert (ended.code, ended.out) == (1, "")
        assert "connect again" in ended.err
        assert LOGIN in ended.err

    def test_is_why_work_is_not_done(self, folder: Path) -> None:
        for arguments in (("inbox", "list"), ("inbox", "show", "1234")):
            assert "until the user connects again" in told(folder, *arguments).out
        (account,) = json.loads(told(folder, "inbox", "list", "--json").out)["accounts"]
        assert account["consent_needed"] is True

    def test_is_what_a_replay_cannot_help(self, folder: Path) -> None:
        ended = told(folder, "inbox", "replay", USER)
        assert ended.out == "Nothing of that was stuck.\n"
        assert "until the user connects again" in ended.err
