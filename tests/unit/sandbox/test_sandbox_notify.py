from collections.abc import Iterator

import httpx
import pytest
import respx

from unit.sandbox.sandbox_driver import WEBHOOK, Driver, Linked

OTHER = "https://webhook.test/other"


@pytest.fixture
def webhook() -> Iterator[respx.Route]:
    with respx.mock(assert_all_called=False) as router:
        router.head(OTHER).respond(204)
        yield router.head(WEBHOOK).respond(200)


async def _profiles(linked: Linked, **parameters: int) -> list[tuple[int, str]]:
    body = await linked.body("/notify", "list", **parameters)
    return [(profile["appli"], profile["callbackurl"]) for profile in body["profiles"]]


class TestSubscribe:
    async def test_probes_the_full_url_with_head(self, linked: Linked, webhook: respx.Route) -> None:
        assert (await linked.subscribe(1)) == {"status": 0, "body": {}}
        assert webhook.call_count == 1
        assert str(webhook.calls.last.request.url) == WEBHOOK

    @pytest.mark.parametrize("answer", [301, 403, 405, 500])
    async def test_refuses_a_callback_that_does_not_answer_2xx(
        self, linked: Linked, webhook: respx.Route, answer: int
    ) -> None:
        webhook.respond(answer)
        assert (await linked.subscribe(1))["status"] == 293
        assert await _profiles(linked) == []

    async def test_refuses_a_callback_that_does_not_answer(
        self, linked: Linked, webhook: respx.Route
    ) -> None:
        webhook.side_effect = httpx.ConnectError("refused")
        assert (await linked.subscribe(1))["status"] == 293

    @pytest.mark.parametrize(
        "url", ["", "webhook.test", "ftp://webhook.test", "http://[", f"{WEBHOOK}{'a' * 255}"]
    )
    async def test_refuses_what_is_no_callback_url(
        self, linked: Linked, webhook: respx.Route, url: str
    ) -> None:
        assert (await linked.subscribe(1, url))["status"] == 293
        assert webhook.call_count == 0

    @pytest.mark.parametrize("appli", [0, 53, 59, 119])
    async def test_knows_the_categories_of_public_apps(
        self, linked: Linked, webhook: respx.Route, appli: int
    ) -> None:
        assert (await linked.subscribe(appli))["status"] == 503

    @pytest.mark.parametrize(
        ("scope", "appli"),
        [
            ("user.info", 1),
            ("user.metrics", 16),
            ("user.metrics", 44),
            ("user.activity", 46),
            ("user.info", 50),
        ],
    )
    async def test_needs_the_scope_of_the_category(
        self, cloud: Driver, webhook: respx.Route, scope: str, appli: int
    ) -> None:
        narrow = await cloud.link(scope=scope)
        assert (await narrow.subscribe(appli))["status"] == 403

    async def test_again_changes_nothing(self, linked: Linked, webhook: respx.Route) -> None:
        await linked.subscribe(1)
        assert (await linked.subscribe(1))["status"] == 0
        assert await _profiles(linked) == [(1, WEBHOOK)]

    async def test_can_be_told_to_add_duplicates(self, linked: Linked, webhook: respx.Route) -> None:
        await linked.driver.faults(duplicate_subscriptions=True)
        await linked.subscribe(1)
        await linked.subscribe(1)
        assert await _profiles(linked) == [(1, WEBHOOK)] * 2

    async def test_refuses_a_long_comment(self, linked: Linked, webhook: respx.Route) -> None:
        reply = await linked.call("/notify", "subscribe", callbackurl=WEBHOOK, appli=1, comment="x" * 256)
        assert reply["status"] == 304


class TestTheOtherActions:
    async def test_list_shows_all_or_one_category(self, linked: Linked, webhook: respx.Route) -> None:
        for appli, url in [(1, WEBHOOK), (4, WEBHOOK), (1, OTHER)]:
            await linked.subscribe(appli, url)
        assert await _profiles(linked) == [(1, WEBHOOK), (4, WEBHOOK), (1, OTHER)]
        assert await _profiles(linked, appli=4) == [(4, WEBHOOK)]

    async def test_list_shows_only_the_own_subscriptions(self, cloud: Driver, webhook: respx.Route) -> None:
        added = await cloud.control("POST", "/people", {})
        one, other = await cloud.link(), await cloud.link(person=added["userid"])
        await one.subscribe(1)
        assert await _profiles(other) == []

    async def test_get_means_appli_1_unless_told_otherwise(
        self, linked: Linked, webhook: respx.Route
    ) -> None:
        await linked.call("/notify", "subscribe", callbackurl=WEBHOOK, appli=1, comment="mine")
        assert await linked.body("/notify", "get", callbackurl=WEBHOOK) == {
            "appli": 1,
            "callbackurl": WEBHOOK,
            "comment": "mine",
        }
        assert (await linked.call("/notify", "get", callbackurl=WEBHOOK, appli=4))["status"] == 286

    async def test_update_changes_url_category_and_comment(
        self, linked: Linked, webhook: respx.Route
    ) -> None:
        await linked.subscribe(1)
        await linked.body(
            "/notify",
            "update",
            callbackurl=WEBHOOK,
            appli=1,
            new_callbackurl=OTHER,
            new_appli=4,
            comment="new",
        )
        assert (await linked.body("/notify", "get", callbackurl=OTHER, appli=4))["comment"] == "new"
        assert await _profiles(linked, appli=1) == []

    async def test_update_probes_the_new_url(self, linked: Linked, webhook: respx.Route) -> None:
        await linked.subscribe(4, OTHER)
        webhook.respond(500)
        reply = await linked.call("/notify", "update", callbackurl=OTHER, appli=4, new_callbackurl=WEBHOOK)
        assert reply["status"] == 293
        assert await _profiles(linked) == [(4, OTHER)]

    async def test_update_needs_something_to_change_and_to_change_it_to(
        self, linked: Linked, webhook: respx.Route
    ) -> None:
        nothing = await linked.call("/notify", "update", callbackurl=WEBHOOK, appli=1, comment="new")
        await linked.subscribe(1)
        empty = await linked.call("/notify", "update", callbackurl=WEBHOOK, appli=1)
        assert (nothing["status"], empty["status"]) == (286, 503)

    async def test_revoke_takes_one_category_or_all_of_the_url(
        self, linked: Linked, webhook: respx.Route
    ) -> None:
        for appli, url in [(1, WEBHOOK), (4, WEBHOOK), (16, WEBHOOK), (1, OTHER)]:
            await linked.subscribe(appli, url)
        assert await linked.body("/notify", "revoke", callbackurl=WEBHOOK, appli=4) == {}
        assert await _profiles(linked) == [(1, WEBHOOK), (16, WEBHOOK), (1, OTHER)]
        await linked.body("/notify", "revoke", callbackurl=WEBHOOK)
        assert await _profiles(linked) == [(1, OTHER)]

    async def test_revoke_of_nothing_gets_294(self, linked: Linked) -> None:
        assert (await linked.call("/notify", "revoke", callbackurl=WEBHOOK, appli=1))["status"] == 294

    @pytest.mark.parametrize("action", ["subscribe", "list", "revoke"])
    async def test_on_v2_notify_have_insufficient_scope(self, linked: Linked, action: str) -> None:
        reply = await linked.call("/v2/notify", action, callbackurl=WEBHOOK, appli=1)
        assert (reply["status"], reply["error"]) == (403, "Insufficient_scope")
