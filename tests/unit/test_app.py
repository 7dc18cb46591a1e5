"""How the parts are put together; what they then do is asked over HTTP in ``tests/api``."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from structlog.testing import capture_logs

from builders import NOON, a_pair, a_token_row, an_account
from contract.storage.backends import SqliteBackend
from unit.services.house import eventually
from withings_bridge.app import create_app
from withings_bridge.bridge import Bridge, assemble
from withings_bridge.bridge.outside import import_windows
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import NotLinked
from withings_bridge.domain.links import Place
from withings_bridge.services.oversight.diagnosing import Ailment
from withings_bridge.settings import Settings
from withings_bridge.storage.sqlite import SqliteStorage

USER = "user-1"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


DETAIL = {Category.INTRADAY, Category.SLEEP_DETAIL}


def settings(folder: Path, **changes: Any) -> Settings:
    given: dict[str, Any] = {
        "withings_client_id": "id",
        "withings_client_secret": "secret",
        "sqlite_path": folder / "data" / "bridge.db",
    }
    return Settings(_env_file=None, **(given | changes))


class TestAssemble:
    def test_putting_together_touches_nothing(self, tmp_path: Path) -> None:
        assemble(settings(tmp_path))
        assert list(tmp_path.iterdir()) == []

    async def test_opening_makes_the_store_and_closing_lets_go_of_everything(self, tmp_path: Path) -> None:
        bridge = assemble(settings(tmp_path))
        async with bridge.opened() as services:
            assert (tmp_path / "data" / "bridge.db").exists()
            assert Ailment.STORE not in (await services.diagnosing.health()).ailments
        assert bridge.http.is_closed
        assert Ailment.STORE in (await services.diagnosing.health()).ailments

    async def test_the_clock_that_is_given_is_the_clock(self, tmp_path: Path) -> None:
        await given_link(settings(tmp_path))
        async with assemble(settings(tmp_path), clock=lambda: NOON).opened() as services:
            status = await services.reporting.status(USER)
        assert status.token_age.total_seconds() == 0

    def test_detail_has_the_window_of_its_summary_where_it_is_switched_on(self, tmp_path: Path) -> None:
        days: dict[str, Any] = {"withings_activity_days": 8, "withings_sleep_days": 9}
        off = import_windows(settings(tmp_path, **days))
        assert not DETAIL & off.keys()
        on = settings(tmp_path, **days, withings_intraday=True, withings_sleep_detail=True)
        assert import_windows(on) == off | {
            Category.INTRADAY: timedelta(days=8),
            Category.SLEEP_DETAIL: timedelta(days=9),
        }

    def test_a_corrected_notify_address_is_told(self, tmp_path: Path) -> None:
        with capture_logs() as lines:
            assemble(settings(tmp_path, withings_notify_api_url="https://wbsapi.withings.net/v2/notify"))
        assert [line["log_level"] for line in lines] == ["warning"]
        assert "WITHINGS_NOTIFY_API_URL" in lines[0]["event"]

    def test_a_webhook_that_withings_cannot_reach_is_told(self, tmp_path: Path) -> None:
        with capture_logs() as lines:
            assemble(settings(tmp_path, withings_webhook_url="http://localhost:5001/webhook/withings"))
        assert "loopback" in lines[0]["event"]

    def test_a_usual_start_warns_of_nothing(self, tmp_path: Path) -> None:
        with capture_logs() as lines:
            create_app(settings(tmp_path, withings_webhook_url="https://bridge.example.org/webhook/withings"))
        assert lines == []


class TestCallbackUrl:
    @pytest.mark.parametrize(
        ("url", "secret", "called"),
        [
            ("https://b.example.org/w", "", "https://b.example.org/w"),
            ("https://b.example.org/w", "new,old", "https://b.example.org/w?secret=new"),
            ("https://b.example.org/w?via=a", "n&w", "https://b.example.org/w?via=a&secret=n%26w"),
        ],
    )
    def test_withings_is_given_the_webhook_with_the_first_secret(
        self, tmp_path: Path, url: str, secret: str, called: str
    ) -> None:
        chosen = settings(tmp_path, withings_webhook_url=url, withings_webhook_secret=secret)
        assert assemble(chosen).services.working._turning._doing._subscribing._callback_url == called


class TestEncryption:
    @pytest.fixture
    def keys(self) -> str:
        return Fernet.generate_key().decode()

    async def test_with_keys_plain_rows_of_before_are_still_read(self, tmp_path: Path, keys: str) -> None:
        await given_link(settings(tmp_path))
        async with assemble(settings(tmp_path, token_encryption_keys=keys)).opened() as services:
            assert (await services.reporting.status(USER)).access_token_preview == "access-first..."

    async def test_nobody_is_linked_in_a_new_store(self, tmp_path: Path, keys: str) -> None:
        bridge: Bridge = assemble(settings(tmp_path, token_encryption_keys=keys))
        async with bridge.opened() as services:
            with pytest.raises(NotLinked):
                await services.reporting.status(USER)


class TestScan:
    async def test_a_start_takes_in_the_users_of_the_predecessor_and_encrypts_what_it_moves(
        self, tmp_path: Path
    ) -> None:
        key = Fernet.generate_key().decode()
        chosen = settings(tmp_path, token_encryption_keys=key, withings_api_url="http://127.0.0.1:9")
        await given_bare_row(chosen)
        app = create_app(chosen)
        async with app.router.lifespan_context(app), SqliteStorage(chosen.sqlite_path) as storage:

            async def moved() -> bool:
                rows = await storage.links.rows(USER)
                return [row.name.place for row in rows] == [Place.OWN]

            await eventually(moved)
            account = await storage.accounts.get("1234")
            link = await storage.links.get(USER)
        assert account is not None
        assert account.users == {USER}
        assert link is not None
        assert link.pair.refresh_token.startswith("gAAAA")

    async def test_beside_the_sandbox_nobody_is_taken_in(self, tmp_path: Path) -> None:
        """It would refuse everybody whom the real Withings honours."""
        chosen = settings(tmp_path, withings_client_id="", withings_client_secret="")
        await given_bare_row(chosen)
        app = create_app(chosen)
        async with app.router.lifespan_context(app):
            running = {task.get_name() for task in asyncio.all_tasks()}
        assert "worker" in running
        assert "scanner" not in running


class TestWeight:
    @pytest.mark.e2e
    def test_a_bridge_on_sqlite_loads_nothing_that_it_does_not_use(self, tmp_path: Path) -> None:
        """The AWS client alone would cost a third of a second and tens of megabytes on a small container."""
        program = (
            "import sys; from withings_bridge.app import create_app; "
            "from withings_bridge.settings import Settings; create_app(Settings(_env_file=None)); "
            "unused = ('aioboto3', 'authlib', 'botocore', 'cryptography', 'dns', 'httpcore', 'jinja2', "
            "'joserfc', 'withings_bridge.pages.charts', 'withings_bridge.sandbox'); "
            "print([name for name in unused if name in sys.modules])"
        )
        ended = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert ended.stdout.strip() == "[]"


async def given_link(chosen: Settings) -> None:
    async with SqliteStorage(chosen.sqlite_path) as storage:
        await storage.links.join(USER, "1234", a_pair(), lambda _: an_account("1234", USER))


async def given_bare_row(chosen: Settings) -> None:
    async with SqliteStorage(chosen.sqlite_path):
        row = a_token_row(USER, "1234", key=USER)
        await SqliteBackend(chosen.sqlite_path).put_token_row(row)
