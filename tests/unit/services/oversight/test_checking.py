"""Whether a bridge is set up so that it can work: each check by itself, and all though one breaks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from builders import HOUR, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import CLOUD, House, a_house
from withings_bridge.domain.checkups import Checkup, Inspection, Result
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.inbox import Subscriptions
from withings_bridge.services.oversight.checking import (
    Check,
    Checking,
    Running,
    TheCloud,
    TheGateway,
    TheRedirect,
    TheSubscriptions,
    TheWebhook,
    Unhindered,
    gateway,
    webhook,
)
from withings_bridge.withings import WithingsOAuth

HERE = "http://127.0.0.1:5001"
WEBHOOK = "https://bridge.example.org/webhook/withings"
SECRET = "canary-of-the-webhook"
CALLBACK_URL = f"{WEBHOOK}?secret={SECRET}"

Answering = Callable[[httpx.Request], httpx.Response]


def told(checkups: Sequence[Checkup]) -> dict[str, Result]:
    """By what was looked at; the worst of it where there are several."""
    order = [Result.OK, Result.UNKNOWN, Result.WARNING, Result.WRONG]
    return {
        check: max((each.result for each in checkups if each.check == check), key=order.index)
        for check in dict.fromkeys(each.check for each in checkups)
    }


def only(checkups: Sequence[Checkup]) -> Checkup:
    (checkup,) = checkups
    return checkup


def web(answering: Answering) -> httpx.AsyncClient:
    """What answers at every address."""
    return httpx.AsyncClient(transport=httpx.MockTransport(answering))


def giving(status: int, **headers: str) -> Answering:
    return lambda _: httpx.Response(status, headers=headers)


def silent(reason: str) -> Answering:
    def answering(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(reason, request=request)

    return answering


def but_here(answering: Answering) -> Answering:
    """A bridge runs here, and something else answers everywhere else."""
    return lambda request: httpx.Response(200) if str(request.url).startswith(HERE) else answering(request)


class TestTheCloud:
    async def test_that_takes_our_application_is_well_and_asked_twice(self, house: House) -> None:
        await house.forget_calls()
        found = await the_cloud(house).look()
        assert told(found)["Withings"] is Result.OK
        assert told(found)["credentials"] is Result.OK
        assert [call.action for call in await house.calls()] == ["getnonce"]

    @pytest.mark.parametrize("wrong", [{"client_id": "nobody"}, {"client_secret": SecretStr("wr0ng")}])
    async def test_shows_by_a_signature_that_the_credentials_are_wrong(
        self, house: House, wrong: dict[str, SecretStr | str]
    ) -> None:
        found = await the_cloud(house, **wrong).look()
        assert told(found)["Withings"] is Result.OK
        assert told(found)["credentials"] is Result.WRONG
        assert "WITHINGS_CLIENT_SECRET" in found[-1].mend
        assert "wr0ng" not in f"{found}"

    async def test_that_is_in_trouble_leaves_the_credentials_unjudged(self, house: House) -> None:
        house.weather.refuses("getnonce", 601, text="Too Many Requests")
        house.weather.refuses("getnonce", 522)
        for _ in range(2):
            assert told(await the_cloud(house).look())["credentials"] is Result.UNKNOWN

    async def test_that_nobody_reaches_says_why(self, house: House) -> None:
        reasons = {
            "[Errno -2] Name or service not known": "DNS",
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed": "not trusted",
            "All connection attempts failed": "nobody answers",
        }
        for reason, said in reasons.items():
            found = await the_cloud(house, http=web(silent(reason))).look()
            assert told(found) == {"Withings": Result.WRONG, "credentials": Result.UNKNOWN}
            assert said in found[0].seen

    async def test_that_is_the_sandbox_is_missed_without_a_bridge_and_that_is_no_fault(
        self, house: House
    ) -> None:
        found = await the_cloud(house, http=web(silent("refused")), sandbox=True).look()
        assert set(told(found).values()) == {Result.UNKNOWN}

    @pytest.mark.parametrize(
        ("off", "result", "said"),
        [
            (timedelta(0), Result.OK, "agrees"),
            (20 * SECOND, Result.OK, "agrees"),
            (-MINUTE, Result.WARNING, "60 s fast"),
            (MINUTE, Result.WARNING, "60 s slow"),
            (HOUR, Result.WRONG, "3600 s slow"),
        ],
    )
    async def test_shows_by_its_date_how_our_clock_goes(
        self, house: House, off: timedelta, result: Result, said: str
    ) -> None:
        date = format_datetime(house.clock() + off)
        found = await the_cloud(house, http=web(giving(404, date=date))).look()
        assert told(found)["clock"] is result
        assert said in next(each.seen for each in found if each.check == "clock")

    async def test_without_a_date_says_nothing_of_our_clock(self, house: House) -> None:
        for headers in ({}, {"date": "yesterday"}):
            found = await the_cloud(house, http=web(giving(200, **headers))).look()
            assert told(found)["clock"] is Result.UNKNOWN

    async def test_is_asked_also_while_the_store_does_not_answer(self, house: House) -> None:
        class Stopped:
            async def wait(self, _: object) -> None:
                raise StorageUnavailable

            async def slow_down(self, _: object) -> None:
                raise AssertionError

        found = await the_cloud(house, pace=Unhindered(Stopped())).look()
        assert told(found)["credentials"] is Result.OK


def the_cloud(house: House, **changes: object) -> TheCloud:
    http = httpx.AsyncClient(transport=house.weather)
    options: dict[str, object] = {
        "client_id": house.cloud.options.client_id,
        "client_secret": SecretStr(house.cloud.options.client_secret),
    }
    asked = changes.pop("http", http)
    sandbox = bool(changes.pop("sandbox", False))
    oauth = WithingsOAuth(
        http,
        api_url=CLOUD,
        auth_url=f"{CLOUD}/authorize",
        clock=house.clock.epoch,
        **(options | changes),  # type: ignore[arg-type]  # as the test names them
    )
    assert isinstance(asked, httpx.AsyncClient)
    return TheCloud(asked, oauth=oauth, api_url=CLOUD, sandbox=sandbox, clock=house.clock)


class TestTheRedirect:
    @pytest.mark.parametrize(
        ("url", "result", "said"),
        [
            ("https://bridge.example.org/callback", Result.OK, "registered"),
            ("https://bridge.example.org/back", Result.WARNING, "/callback"),
            ("https://bridge.example.org:8443/callback", Result.WARNING, "8443"),
            ("https://192.0.2.7/callback", Result.WARNING, "not a name"),
            ("https://bridge/callback", Result.WARNING, "not a public name"),
            ("http://bridge.example.org/callback", Result.WRONG, "not https"),
            ("http://localhost:5001/callback", Result.WARNING, "this machine alone"),
        ],
    )
    async def test_is_held_to_what_withings_takes(self, url: str, result: Result, said: str) -> None:
        checkup = only(await the_redirect(url, giving(200)).look())
        assert checkup.result is result
        assert said in checkup.seen

    async def test_is_free_beside_the_sandbox(self) -> None:
        checkup = only(await the_redirect("http://localhost:5001/callback", giving(200), sandbox=True).look())
        assert checkup.result is Result.OK

    async def test_that_leads_to_an_open_bridge_by_a_public_name_leads_there_nonetheless(self) -> None:
        assert only(await the_redirect("https://bridge.example.org/callback", giving(421)).look()).result is (
            Result.OK
        )

    @pytest.mark.parametrize(
        ("answering", "result"),
        [(but_here(giving(404)), Result.WRONG), (silent("refused"), Result.UNKNOWN)],
        ids=["while one runs here", "while none runs here"],
    )
    async def test_that_leads_to_no_bridge_is_wrong_only_where_one_runs(
        self, answering: Answering, result: Result
    ) -> None:
        checkup = only(await the_redirect("https://bridge.example.org/callback", answering).look())
        assert checkup.result is result


def the_redirect(url: str, answering: Answering, *, sandbox: bool = False) -> TheRedirect:
    http = web(answering)
    return TheRedirect(http, url=url, sandbox=sandbox, running=Running(http, url=HERE))


class TestTheWebhook:
    async def test_is_asked_as_withings_asks_it_secret_included(self) -> None:
        asked = []

        def answering(request: httpx.Request) -> httpx.Response:
            asked.append((request.method, str(request.url), request.content))
            return httpx.Response(200)

        checkup = only(await the_webhook(answering).look())
        assert checkup.result is Result.OK
        assert asked == [("HEAD", CALLBACK_URL, b""), ("POST", CALLBACK_URL, b"")]
        assert SECRET not in f"{checkup}"

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("http://bridge.example.org/webhook/withings", "not https"),
            ("https://192.0.2.7/webhook/withings", "not a name"),
            ("https://[2001:db8::7]/webhook/withings", "not a name"),
            ("https://localhost/webhook/withings", "this machine alone"),
            ("https://bridge.example.org:5001/webhook/withings", "5001"),
            (f"{WEBHOOK}?secret={'x' * 250}", "255"),
        ],
    )
    async def test_that_withings_would_refuse_is_wrong(self, url: str, said: str) -> None:
        checkup = only(await the_webhook(giving(200), url=url).look())
        assert checkup.result is Result.WRONG
        assert said in checkup.seen
        assert "xxx" not in checkup.seen

    async def test_is_free_beside_the_sandbox(self) -> None:
        url = "http://localhost:5001/webhook/withings"
        assert only(await the_webhook(giving(200), url=url, sandbox=True).look()).result is Result.OK

    async def test_that_is_not_set_is_warned_of(self) -> None:
        checkup = only(await the_webhook(giving(200), url=None).look())
        assert (checkup.result, checkup.mend[:24]) == (Result.WARNING, "Set WITHINGS_WEBHOOK_URL")

    @pytest.mark.parametrize(
        ("status", "said"),
        [(403, "WITHINGS_WEBHOOK_SECRET"), (405, "HEAD"), (301, "redirect"), (404, "/webhook/withings")],
    )
    async def test_that_answers_otherwise_is_wrong_with_a_way_out(self, status: int, said: str) -> None:
        checkup = only(await the_webhook(but_here(giving(status))).look())
        assert checkup.result is Result.WRONG
        assert f"{status}" in checkup.seen
        assert said in checkup.mend
        assert SECRET not in f"{checkup}"

    async def test_that_lets_withings_alone_in_cannot_be_looked_at(self) -> None:
        checkup = only(await the_webhook(giving(403), allow_list=True).look())
        assert checkup.result is Result.UNKNOWN

    @pytest.mark.parametrize("answering", [giving(502), silent("refused")])
    async def test_that_is_silent_is_wrong_only_where_a_bridge_runs(self, answering: Answering) -> None:
        assert only(await the_webhook(but_here(answering)).look()).result is Result.WRONG
        assert only(await the_webhook(answering).look()).result is Result.UNKNOWN

    async def test_that_is_late_is_wrong(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webhook, "IN_TIME_SECONDS", -1)
        checkup = only(await the_webhook(giving(200)).look())
        assert checkup.result is Result.WRONG
        assert "Withings waits" in checkup.seen


def the_webhook(
    answering: Answering,
    *,
    url: str | None = CALLBACK_URL,
    sandbox: bool = False,
    allow_list: bool = False,
) -> TheWebhook:
    http = web(answering)
    running = Running(http, url=HERE)
    return TheWebhook(http, callback_url=url, sandbox=sandbox, allow_list=allow_list, running=running)


class TestTheSubscriptions:
    @pytest.fixture
    async def house(self, tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
        async with a_house(tmp_path, clock, callback_url=CALLBACK_URL, applis=(1, 16)) as house:
            yield house

    async def test_of_nobody_are_well(self, house: House) -> None:
        assert only(await the_subscriptions(house).look()).seen == "Nobody is linked yet."

    async def test_that_are_stored_are_well_where_withings_agrees(self, house: House) -> None:
        await subscribed(house, stored={1, 16}, listed={1, 16})
        checkup = only(await the_subscriptions(house).look())
        assert checkup.result is Result.OK
        assert checkup.seen.startswith("All 1 linked accounts have theirs")
        assert house.weather.ahead("list") == 0

    async def test_that_withings_has_dropped_are_wrong(self, house: House) -> None:
        userid = await subscribed(house, stored={1, 16}, listed={1})
        before = await house.account(userid)
        checkup = only(await the_subscriptions(house).look())
        assert checkup.result is Result.WRONG
        assert "(16)" in checkup.seen
        assert "(1)" not in checkup.seen
        assert await house.account(userid) == before

    async def test_that_are_missing_as_stored_are_warned_of_and_not_asked_for(self, house: House) -> None:
        userid = await subscribed(house, stored={1}, listed={1})
        checkup = only(await the_subscriptions(house).look())
        assert (checkup.result, userid in checkup.seen) == (Result.WARNING, True)
        assert house.weather.ahead("list") == 1

    async def test_are_not_asked_for_with_a_token_that_would_be_refreshed(self, house: House) -> None:
        await subscribed(house, stored={1, 16}, listed=set())
        house.clock.advance(4 * HOUR)
        assert "of 0 Withings was asked" in only(await the_subscriptions(house).look()).seen
        assert house.weather.ahead("list") == 1

    async def test_that_withings_does_not_tell_are_not_known(self, house: House) -> None:
        await subscribed(house, stored={1, 16}, listed=None)
        house.weather.breaks("list")
        assert only(await the_subscriptions(house).look()).result is Result.UNKNOWN


async def subscribed(house: House, *, stored: set[int], listed: set[int] | None) -> str:
    """A linked account to which these stand in the store, and those at Withings; its userid."""
    userid = await house.link()
    known = Subscriptions(confirmed=frozenset(stored), listed=frozenset(stored), checked_at=house.clock())
    account = replace(await house.account(userid), subscriptions=known)
    await house.storage.links.join("user-1", userid, (await house.link_of()).pair, lambda _: account)
    if listed is not None:
        profiles = [{"appli": appli, "callbackurl": CALLBACK_URL, "comment": ""} for appli in listed]
        house.weather.answers("list", {"profiles": profiles})
    return userid


def the_subscriptions(house: House) -> TheSubscriptions:
    return TheSubscriptions(
        accounts=house.storage.accounts,
        links=house.links,
        client=house.client,
        subscribing=house.subscribing,
        callback_url=house.callback_url,
        clock=house.clock,
    )


class TestTheGateway:
    async def test_is_told_without_a_password_in_its_address(self) -> None:
        gateway = TheGateway(web(giving(500)), url="http://me:s3cret@gateway:8080/?key=s3cret")
        checkup = only(await gateway.look())
        assert "http://gateway:8080/ answers with 500" in checkup.seen
        assert "s3cret" not in f"{checkup}"

    @pytest.mark.parametrize(
        ("url", "answering", "result"),
        [
            ("", silent("refused"), Result.OK),
            ("http://gateway:8080", giving(404), Result.OK),
            ("http://gateway:8080", giving(503), Result.WRONG),
            ("http://gateway:8080", silent("refused"), Result.WRONG),
        ],
    )
    async def test_is_well_where_it_answers_or_is_not_set(
        self, url: str, answering: Answering, result: Result
    ) -> None:
        assert only(await TheGateway(web(answering), url=url).look()).result is result


class TestAllChecks:
    async def test_are_made_though_one_breaks(self, house: House) -> None:
        class Broken:
            def __init__(self, name: str, error: Exception) -> None:
                self.name = name
                self._error = error

            async def look(self) -> Sequence[Checkup]:
                raise self._error

        checks: list[Check] = [
            Broken("first", KeyError("s3cret")),
            Broken("second", StorageUnavailable("closed")),
            TheGateway(web(giving(200)), url=""),
        ]
        checking = Checking(storage=house.storage, checks=checks)
        found = [each async for each in checking.checkups()]
        assert told(found) == {
            "first": Result.UNKNOWN,
            "second": Result.UNKNOWN,
            "realtime gateway": Result.OK,
        }
        assert "s3cret" not in f"{found}"
        inspection = await checking.store()
        assert isinstance(inspection, Inspection)
        assert inspection.usable

    async def test_end_in_time_where_nobody_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gateway, "WITHIN_SECONDS", 0.05)

        async def hang(_: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

        http = httpx.AsyncClient(transport=httpx.MockTransport(hang))
        checkup = only(await TheGateway(http, url="http://gateway:8080").look())
        assert "within 0.05 s" in checkup.seen
