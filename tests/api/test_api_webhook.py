import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from structlog.testing import capture_logs

from api.running import Bridge, Browser, Cloud, alone, given_links
from builders import NOON
from processes import PATIENCE_SECONDS
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.records import Kind
from withings_bridge.services.inbox.receiving import Receiving
from withings_bridge.services.inbox.turning import Turn
from withings_bridge.services.inbox.working import Working
from withings_bridge.services.links.marking import Marking
from withings_bridge.services.noting import Noting
from withings_bridge.services.telemetry import Telemetry
from withings_bridge.storage.sqlite import SqliteStorage

PATH = "/webhook/withings"
WEIGHING = {"userid": "1234", "appli": "1", "startdate": "1772452799", "enddate": "1772452800"}
INTO_BED = {"userid": "1234", "appli": "50", "deviceid": "mat", "date": "1772452800"}
AS_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def linked(tmp_path: Path) -> AsyncIterator[Bridge]:
    """A bridge with the account 1234, whose Withings is out of reach: what is accepted stays pending."""
    await given_links(tmp_path)
    async with alone(tmp_path, clock=lambda: NOON) as bridge:
        yield bridge


class SilentWorking(Working):
    """Has a store that does not answer."""

    def __init__(self) -> None:
        self._poked = asyncio.Event()
        self._attended = set()
        self._named = set()

    async def drain(self, userid: str, *, imports: bool = True) -> list[Turn]:
        raise StorageUnavailable


async def pending(bridge: Bridge, category: Category = Category.MEASURES) -> int:
    """How much news of the category was ever accepted for the account."""
    return (await bridge.account("1234")).of(category).announced


async def confirmed(bridge: Bridge) -> bool:
    """Whether the event that was told is stored as confirmed, once it is stored."""
    async with asyncio.timeout(PATIENCE_SECONDS), SqliteStorage(bridge.store) as storage:
        while not (found := await storage.records.newest("1234", Kind.EVENT, limit=2)):  # noqa: ASYNC110 - a store tells nobody
            await asyncio.sleep(0.01)
    (event,) = found
    return bool(event.body["confirmed"])


def is_ok(reply: httpx.Response) -> bool:
    return (reply.status_code, reply.text) == (200, "OK")


class TestReceiving:
    async def test_a_form_is_stored_before_it_is_answered(self, linked: Bridge) -> None:
        reply = await linked.http.post(PATH, data=WEIGHING)
        assert is_ok(reply)
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        assert (await linked.account("1234")).of(Category.MEASURES).news

    async def test_fields_in_the_query_count_too(self, linked: Bridge) -> None:
        assert is_ok(await linked.http.post(f"{PATH}?{urlencode(WEIGHING)}"))
        assert await pending(linked) == 1

    async def test_the_account_may_be_called_user_id(self, linked: Bridge) -> None:
        fields = {"user_id": "1234", "appli": "44", "startdate": "1772400000", "enddate": "1772428800"}
        assert is_ok(await linked.http.post(PATH, data=fields))
        assert await pending(linked, Category.SLEEP) == 1

    async def test_a_form_in_json_clothes_is_still_read(self, linked: Bridge) -> None:
        body = urlencode(WEIGHING).encode()
        assert is_ok(await linked.http.post(PATH, content=body, headers={"Content-Type": "application/json"}))
        assert await pending(linked) == 1

    async def test_what_a_post_tells_by_itself_is_kept_and_taken_for_what_anybody_may_say(
        self, linked: Bridge
    ) -> None:
        assert is_ok(await linked.http.post(f"{PATH}?secret=whatever", data=INTO_BED))
        assert await confirmed(linked) is False

    async def test_an_unknown_account_is_acknowledged_and_leaves_nothing(self, linked: Bridge) -> None:
        assert is_ok(await linked.http.post(PATH, data=WEIGHING | {"userid": "9999"}))
        async with SqliteStorage(linked.store) as storage:
            assert await storage.accounts.get("9999") is None

    async def test_an_empty_body_is_acknowledged(self, linked: Bridge) -> None:
        assert is_ok(await linked.http.post(PATH))

    @pytest.mark.parametrize(
        "body",
        [
            b"\xff\xfe\x00",
            b'{"userid": "1234", "appli": 1}',
            b"userid=1234",
            b"userid=1234&appli=weight",
            b"userid=1234&appli=-1",
            b"userid=" + b"7" * 500 + b"&appli=1",
            b"userid=%zz&appli=%",
            b"&".join(b"x=1" for _ in range(60)),
        ],
        ids=["bytes", "json", "no appli", "a word", "negative", "long id", "bad escapes", "sixty fields"],
    )
    async def test_junk_is_acknowledged_and_leaves_nothing(self, linked: Bridge, body: bytes) -> None:
        assert is_ok(await linked.http.post(PATH, content=body, headers=AS_FORM))
        assert await pending(linked) == 0

    async def test_a_body_larger_than_any_notification_is_refused(self, linked: Bridge) -> None:
        body = urlencode(WEIGHING).encode() + b"&x=" + b"y" * 17 * 1024
        reply = await linked.http.post(PATH, content=body, headers=AS_FORM)
        assert reply.status_code == 413
        assert reply.json()["code"] == "too_large"
        assert await pending(linked) == 0

    async def test_a_body_that_hides_its_length_is_refused_as_well(self, linked: Bridge) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(17):
                yield b"z" * 1024

        assert (await linked.http.post(PATH, content=chunks(), headers=AS_FORM)).status_code == 413

    async def test_repeats_of_one_notification_are_all_acknowledged(self, linked: Bridge) -> None:
        replies = await asyncio.gather(*(linked.http.post(PATH, data=WEIGHING) for _ in range(8)))
        assert all(is_ok(reply) for reply in replies)
        assert len((await linked.account("1234")).of(Category.MEASURES).news.windows) == 1

    async def test_neither_body_nor_secret_gets_into_the_log(self, tmp_path: Path) -> None:
        async with alone(tmp_path, withings_webhook_secret="open-sesame") as bridge:
            with capture_logs() as lines:
                await bridge.http.post(f"{PATH}?secret=open-sesame", data=WEIGHING | {"comment": "private"})
        assert lines
        assert "open-sesame" not in str(lines)
        assert "private" not in str(lines)

    async def test_a_body_that_breaks_off_is_no_bug_of_ours(self, bridge: Bridge) -> None:
        reader, writer = await asyncio.open_connection(bridge.http.base_url.host, bridge.http.base_url.port)
        with capture_logs() as lines:
            writer.write(
                b"POST /webhook/withings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nuser"
            )
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            assert await reader.read() == b""
            assert (await bridge.http.get("/health")).status_code == 200
        assert [line for line in lines if line["log_level"] == "error"] == []


class TestSilentStore:
    async def test_what_cannot_be_kept_is_not_acknowledged(self, linked: Bridge, tmp_path: Path) -> None:
        closed = SqliteStorage(tmp_path / "closed.db")
        marking = Marking(ephemera=closed.ephemera, clock=lambda: NOON)
        receiving = Receiving(
            accounts=closed.accounts,
            marking=marking,
            noting=Noting(trail=closed.trail, clock=lambda: NOON),
            telemetry=Telemetry(),
            clock=lambda: NOON,
        )
        linked.services = replace(linked.services, receiving=receiving)
        reply = await linked.http.post(PATH, data=WEIGHING)
        assert reply.status_code == 503
        assert reply.headers["retry-after"] == "10"
        assert reply.json()["code"] == "storage_unavailable"

    async def test_a_store_that_others_hold_is_given_up_on_in_time(self, linked: Bridge) -> None:
        """Withings waits two seconds; a 503 must have left by then, and the next delivery counts."""
        blocking = sqlite3.connect(linked.store, isolation_level=None)
        blocking.execute("BEGIN IMMEDIATE")
        try:
            async with asyncio.timeout(2):
                assert (await linked.http.post(PATH, data=WEIGHING)).status_code == 503
        finally:
            blocking.execute("ROLLBACK")
            blocking.close()
        assert await pending(linked) == 0
        assert is_ok(await linked.http.post(PATH, data=WEIGHING))
        assert await pending(linked) == 1

    async def test_one_that_falls_silent_after_the_answer_is_no_bug_of_ours(
        self, bridge: Bridge, browser: Browser, cloud: Cloud, caplog: pytest.LogCaptureFixture
    ) -> None:
        await browser.link()
        bridge.services = replace(bridge.services, working=SilentWorking())
        fields = WEIGHING | {"userid": str(await cloud.person())}
        with capture_logs() as lines:
            assert is_ok(await bridge.http.post(PATH, data=fields))
            async with asyncio.timeout(PATIENCE_SECONDS):
                while "left to the loop" not in [line["event"] for line in lines]:  # noqa: ASYNC110 - a log line tells nobody of itself
                    await asyncio.sleep(0.01)
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []


class TestProbe:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_withings_finds_the_address_in_order(self, linked: Bridge, method: str) -> None:
        reply = await linked.http.request(method, PATH)
        assert reply.status_code == 200
        assert reply.headers["content-length"] == "2"

    async def test_get_says_ok(self, linked: Bridge) -> None:
        assert is_ok(await linked.http.get(PATH))

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_a_probe_changes_nothing(self, linked: Bridge, method: str) -> None:
        assert (await linked.http.request(method, f"{PATH}?{urlencode(WEIGHING)}")).status_code == 200
        assert await pending(linked) == 0

    async def test_other_methods_are_refused_in_our_words(self, linked: Bridge) -> None:
        reply = await linked.http.put(PATH)
        assert reply.status_code == 405
        assert reply.json()["code"] == "method_not_allowed"


class TestSecret:
    @pytest.fixture
    async def guarded(self, tmp_path: Path) -> AsyncIterator[Bridge]:
        await given_links(tmp_path)
        async with alone(tmp_path, clock=lambda: NOON, withings_webhook_secret="new, old") as bridge:
            yield bridge

    @pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
    @pytest.mark.parametrize("secret", ["new", "old"])
    async def test_each_secret_of_the_list_opens(self, guarded: Bridge, method: str, secret: str) -> None:
        assert (await guarded.http.request(method, f"{PATH}?secret={secret}")).status_code == 200

    @pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
    @pytest.mark.parametrize("query", ["", "?secret=", "?secret=wrong", "?secret=new,old", "?secret=%C3%A9"])
    async def test_none_or_another_does_not(self, guarded: Bridge, method: str, query: str) -> None:
        assert (await guarded.http.request(method, f"{PATH}{query}")).status_code == 403

    async def test_a_refusal_says_why_without_saying_what_would_open(self, guarded: Bridge) -> None:
        reply = await guarded.http.post(f"{PATH}?secret=wrong", data=WEIGHING)
        assert reply.json()["error"] == "The secret in the callback URL is wrong or missing."
        assert reply.json()["code"] == "secret_refused"
        assert set(reply.json()) == {"error", "code", "request_id"}
        assert await pending(guarded) == 0

    async def test_that_is_right_confirms_what_a_post_tells_by_itself(self, guarded: Bridge) -> None:
        assert is_ok(await guarded.http.post(f"{PATH}?secret=old", data=INTO_BED))
        assert await confirmed(guarded) is True

    async def test_a_secret_in_the_form_is_none(self, guarded: Bridge) -> None:
        assert (await guarded.http.post(PATH, data=WEIGHING | {"secret": "new"})).status_code == 403

    async def test_while_migrating_bare_posts_are_taken_and_wrong_ones_still_not(
        self, tmp_path: Path
    ) -> None:
        await given_links(tmp_path)
        async with alone(
            tmp_path, clock=lambda: NOON, withings_webhook_secret="new", withings_webhook_accept_bare=True
        ) as bridge:
            assert is_ok(await bridge.http.post(PATH, data=INTO_BED))
            assert await confirmed(bridge) is False
            assert (await bridge.http.head(PATH)).status_code == 200
            assert (await bridge.http.post(f"{PATH}?secret=wrong", data=WEIGHING)).status_code == 403

    async def test_without_a_configured_secret_any_is_ignored(self, lone: Bridge) -> None:
        assert is_ok(await lone.http.post(f"{PATH}?secret=whatever", data=WEIGHING))
