"""Each method over a real connection: what it sends, what it yields, how it turns pages."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from unit.withings.loopback import ScriptedWithings, envelope
from withings_bridge.domain import fields
from withings_bridge.domain.errors import AlreadyAbsent, CallbackRefused, Malformed, RateLimited
from withings_bridge.withings import Answer, Between, Days, Since, WithingsClient

TOKEN = "access-token"
DAY = Between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
DAYS = Days(date(2026, 1, 1), date(2026, 1, 2))
SINCE = Since(datetime(2026, 1, 1, tzinfo=UTC))
EPOCHS = {"startdate": "1767225600", "enddate": "1767312000"}
YMD = {"startdateymd": "2026-01-01", "enddateymd": "2026-01-02"}
HOOK = "https://bridge.example/webhook/withings?secret=s"

Ask = Callable[[WithingsClient], Awaitable[Any]]


def asked(wanted: tuple[fields.Field, ...]) -> dict[str, str]:
    return {"data_fields": ",".join(fields.names(wanted))}


class TestRequests:
    @pytest.mark.parametrize(
        ("ask", "body", "path", "form"),
        [
            (lambda c: c.measures(TOKEN, SINCE), {"measuregrps": []}, "/measure",
             {"action": "getmeas", "category": "1", "lastupdate": "1767225600"}),
            (lambda c: c.measures(TOKEN, DAY, types=(1, 6), offset=7), {"measuregrps": []}, "/measure",
             {"action": "getmeas", "category": "1", "meastypes": "1,6", "offset": "7", **EPOCHS}),
            (lambda c: c.activity(TOKEN, DAYS), {"activities": []}, "/v2/measure",
             {"action": "getactivity", **asked(fields.ACTIVITY), **YMD}),
            (lambda c: c.intraday(TOKEN, DAY), {"series": {}}, "/v2/measure",
             {"action": "getintradayactivity", **asked(fields.INTRADAY), **EPOCHS}),
            (lambda c: c.intraday(TOKEN), {"series": []}, "/v2/measure",
             {"action": "getintradayactivity", **asked(fields.INTRADAY)}),
            (lambda c: c.workouts(TOKEN, SINCE), {"series": []}, "/v2/measure",
             {"action": "getworkouts", **asked(fields.WORKOUT), "lastupdate": "1767225600"}),
            (lambda c: c.sleep_summaries(TOKEN, DAYS), {"series": []}, "/v2/sleep",
             {"action": "getsummary", **asked(fields.SLEEP_SUMMARY), **YMD}),
            (lambda c: c.sleep_detail(TOKEN, DAY), {"series": []}, "/v2/sleep",
             {"action": "get", **asked(fields.SLEEP_DETAIL), **EPOCHS}),
            (lambda c: c.hearts(TOKEN, DAY), {"series": []}, "/v2/heart", {"action": "list", **EPOCHS}),
            (lambda c: c.hearts(TOKEN), {"series": []}, "/v2/heart", {"action": "list"}),
            (lambda c: c.ecg_signal(TOKEN, 48), {"signal": []}, "/v2/heart",
             {"action": "get", "signalid": "48"}),
            (lambda c: c.stethos(TOKEN, DAY), {"series": []}, "/v2/stetho", {"action": "list", **EPOCHS}),
            (lambda c: c.stetho_signal(TOKEN, "49"), {"signal": []}, "/v2/stetho",
             {"action": "get", "signalid": "49"}),
            (lambda c: c.devices(TOKEN), {"devices": []}, "/v2/user", {"action": "getdevice"}),
            (lambda c: c.goals(TOKEN), {"goals": []}, "/v2/user", {"action": "getgoals"}),
            (lambda c: c.confirm_user(TOKEN, 12, is_confirmed=False), {}, "/v2/measure",
             {"action": "confirmuser", "grpid": "12", "is_confirmed": "0"}),
            (lambda c: c.subscribe(TOKEN, HOOK, 1, comment="weight"), {}, "/notify",
             {"action": "subscribe", "callbackurl": HOOK, "appli": "1", "comment": "weight"}),
            (lambda c: c.subscription(TOKEN, HOOK, 4), {"appli": 4, "callbackurl": HOOK}, "/notify",
             {"action": "get", "callbackurl": HOOK, "appli": "4"}),
            (lambda c: c.subscriptions(TOKEN), {"profiles": []}, "/notify", {"action": "list"}),
            (lambda c: c.subscriptions(TOKEN, 44), {"profiles": []}, "/notify",
             {"action": "list", "appli": "44"}),
            (lambda c: c.update_subscription(TOKEN, HOOK, 1, new_appli=4), {}, "/notify",
             {"action": "update", "callbackurl": HOOK, "appli": "1", "new_appli": "4"}),
            (lambda c: c.unsubscribe(TOKEN, HOOK, 16), {}, "/notify",
             {"action": "revoke", "callbackurl": HOOK, "appli": "16"}),
        ],
    )  # fmt: skip
    async def test_are_posted_forms_with_the_bearer(
        self,
        cloud: ScriptedWithings,
        client: WithingsClient,
        ask: Ask,
        body: Any,
        path: str,
        form: dict[str, str],
    ) -> None:
        cloud.replies(envelope(body))
        await ask(client)
        assert (cloud.last.method, cloud.last.path, cloud.last.form) == ("POST", path, form)
        assert cloud.last.headers["authorization"] == f"Bearer {TOKEN}"
        assert cloud.last.headers["content-type"] == "application/x-www-form-urlencoded"

    async def test_for_nights_name_the_unasked_fields_and_no_spo2(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(envelope({"series": []}))
        await client.sleep_summaries(TOKEN, SINCE)
        named = cloud.last.form["data_fields"].split(",")
        unasked = {field.name for field in fields.SLEEP_SUMMARY if field.unasked}
        assert len(unasked) == 15
        assert unasked <= set(named)
        assert "spo2_average" not in named

    async def test_to_notify_may_go_elsewhere(self, cloud: ScriptedWithings, http: httpx.AsyncClient) -> None:
        client = WithingsClient(http, "http://127.0.0.1:9", notify_url=f"{cloud.url}/v2/notify")
        cloud.replies(envelope({"profiles": []}))
        await client.subscriptions(TOKEN)
        assert cloud.last.path == "/v2/notify"

    async def test_survive_a_slash_at_the_end_of_the_address(
        self, cloud: ScriptedWithings, http: httpx.AsyncClient
    ) -> None:
        cloud.replies(envelope({"devices": []}))
        await WithingsClient(http, f"{cloud.url}/").devices(TOKEN)
        assert cloud.last.path == "/v2/user"


class TestAnswers:
    async def test_hold_the_rows_as_withings_sent_them(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        group = {
            "grpid": 1,
            "measures": [{"value": 70400, "unit": -3, "type": 1}],
            "brand_new": {"key": [1.5]},
        }
        cloud.replies(
            envelope(
                {"measuregrps": [group], "updatetime": 1767225600, "timezone": "Europe/Paris", "offset": 9}
            )
        )
        answer = await client.measures(TOKEN, SINCE)
        assert answer.rows == (group,)
        assert str(answer.models[0].measures[0].quantity) == "70.400"
        assert answer.updatetime == datetime(2026, 1, 1, tzinfo=UTC)
        assert answer.timezone == "Europe/Paris"
        assert (answer.complete, answer.next_offset) == (True, None)

    @pytest.mark.parametrize(
        ("sent", "told"),
        [
            ("1767225600", datetime(2026, 1, 1, tzinfo=UTC)),
            ("2026-01-01", None),
            ("9" * 30, None),
            (10**18, None),
            (None, None),
            (True, None),
        ],
    )
    async def test_tell_withings_time_in_any_shape(
        self, cloud: ScriptedWithings, client: WithingsClient, sent: Any, told: datetime | None
    ) -> None:
        cloud.replies(envelope({"measuregrps": [], "updatetime": sent}))
        assert (await client.measures(TOKEN, SINCE)).updatetime == told

    async def test_of_a_day_carry_the_time_of_each_sample(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(envelope({"series": {"1767225600": {"steps": 12, "deviceid": None}}}))
        answer = await client.intraday(TOKEN, DAY)
        assert answer.rows == ({"steps": 12, "deviceid": None, "timestamp": 1767225600},)
        assert answer.models[0].steps == 12

    @pytest.mark.parametrize("series", [{"noon": {}}, {"1767225600": 5}, [1], "x", None])
    async def test_of_a_day_must_be_samples_by_time(
        self, cloud: ScriptedWithings, client: WithingsClient, series: Any
    ) -> None:
        cloud.replies(envelope({"series": series}))
        with pytest.raises(Malformed):
            await client.intraday(TOKEN, DAY)

    async def test_take_an_empty_map_for_an_empty_list(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(envelope({"series": {}}))
        assert (await client.sleep_detail(TOKEN, DAY)).rows == ()

    @pytest.mark.parametrize("body", [{}, {"measuregrps": None}, {"measuregrps": "x"}, {"measuregrps": [1]}])
    async def test_without_rows_are_malformed_and_never_empty(
        self, cloud: ScriptedWithings, client: WithingsClient, body: Any
    ) -> None:
        cloud.replies(envelope(body))
        with pytest.raises(Malformed, match="measuregrps"):
            await client.measures(TOKEN, DAY)

    async def test_name_the_field_that_does_not_fit_and_not_its_value(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(envelope({"devices": [{"first_session_date": "tomorrow-4711"}]}))
        answer = await client.devices(TOKEN)
        assert answer.rows == ({"first_session_date": "tomorrow-4711"},)
        with pytest.raises(Malformed, match="first_session_date") as caught:
            assert answer.models
        assert "4711" not in str(caught.value)


class TestLongWindows:
    async def test_are_refused_where_withings_would_cut_them_silently(self, client: WithingsClient) -> None:
        window = Between(DAY.start, DAY.end + timedelta(seconds=1))
        with pytest.raises(ValueError, match="24 hours"):
            await client.sleep_detail(TOKEN, window)
        with pytest.raises(ValueError, match="24 hours"):
            await client.intraday(TOKEN, window)


def nights(*ids: int, **more: Any) -> bytes:
    return envelope({"series": [{"id": night, "startdate": night} for night in ids], **more})


def ids(answer: Answer[Any]) -> list[int]:
    return [row["id"] for row in answer.rows]


class TestPages:
    async def test_are_followed_by_withings_own_offsets(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(
            nights(1, 2, more=True, offset=300),
            nights(3, more=1, offset="450"),
            nights(4, more=False, offset=451),
        )
        answer = await client.sleep_summaries(TOKEN, DAYS)
        assert ids(answer) == [1, 2, 3, 4]
        assert [request.form.get("offset") for request in cloud.received] == [None, "300", "450"]
        assert {request.form["startdateymd"] for request in cloud.received} == {"2026-01-01"}
        assert (answer.complete, answer.next_offset) == (True, None)

    async def test_stop_at_the_bound_and_go_on_from_the_offset(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(nights(1, more=True, offset=10), nights(2, more=True, offset=20), nights(3, offset=30))
        first = await client.sleep_summaries(TOKEN, DAYS, max_pages=2)
        assert (ids(first), first.complete, first.next_offset) == ([1, 2], False, 20)
        assert first.next_offset is not None
        rest = await client.sleep_summaries(TOKEN, DAYS, offset=first.next_offset)
        assert (ids(rest), rest.complete) == ([3], True)
        assert cloud.last.form["offset"] == "20"

    @pytest.mark.parametrize("offset", [None, 0, 299, 300, "x", True, 1.5])
    async def test_that_promise_more_must_say_where(
        self, cloud: ScriptedWithings, client: WithingsClient, offset: Any
    ) -> None:
        cloud.replies(nights(1, more=True, offset=300), nights(2, more=True, offset=offset))
        with pytest.raises(Malformed, match="more pages"):
            await client.sleep_summaries(TOKEN, DAYS)

    async def test_are_all_or_nothing_when_one_fails(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(
            nights(1, more=True, offset=300), envelope({"wait_seconds": 68}, 601, error="Too Many Requests")
        )
        with pytest.raises(RateLimited) as caught:
            await client.sleep_summaries(TOKEN, DAYS)
        assert caught.value.retry_after == timedelta(seconds=68)

    async def test_keep_the_time_and_zone_of_the_first(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(
            envelope(
                {
                    "measuregrps": [],
                    "updatetime": 1767225600,
                    "timezone": "Asia/Tokyo",
                    "more": 1,
                    "offset": 1,
                }
            ),
            envelope({"measuregrps": [], "updatetime": 1767225660, "timezone": "Asia/Tokyo"}),
        )
        answer = await client.measures(TOKEN, DAY)
        assert (answer.updatetime, answer.timezone) == (datetime(2026, 1, 1, tzinfo=UTC), "Asia/Tokyo")

    async def test_must_be_allowed_at_least_once(self, client: WithingsClient) -> None:
        with pytest.raises(ValueError, match="one page"):
            await client.measures(TOKEN, DAY, max_pages=0)


class TestSubscriptions:
    async def test_that_are_refused_say_so(self, cloud: ScriptedWithings, client: WithingsClient) -> None:
        cloud.replies(envelope({}, 293, error=f"Callback URL {HOOK} is unreachable"))
        with pytest.raises(CallbackRefused) as caught:
            await client.subscribe(TOKEN, HOOK, 1)
        assert caught.value.max_attempts == 3
        assert HOOK not in str(caught.value)

    async def test_that_are_gone_say_so(self, cloud: ScriptedWithings, client: WithingsClient) -> None:
        cloud.replies(envelope({}, 294))
        with pytest.raises(AlreadyAbsent):
            await client.unsubscribe(TOKEN, HOOK, 1)

    async def test_cannot_be_changed_into_themselves(self, client: WithingsClient) -> None:
        with pytest.raises(ValueError, match="what is to change"):
            await client.update_subscription(TOKEN, HOOK, 1)
