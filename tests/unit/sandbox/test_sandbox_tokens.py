import itertools
import re

import pytest

from unit.sandbox.sandbox_driver import REDIRECT_URI, Driver, Linked

BAD_TOKEN = "XRequestID: Not provided invalid_token: The access token provided is invalid"
HOUR = 3600


_different = itertools.count()


async def _status(cloud: Driver, access_token: str) -> int:
    """Status of a data call that is never the same twice."""
    parameters = {"action": "getdevice", "n": next(_different)}
    return int((await cloud.post("/v2/user", parameters, access_token))["status"])


class TestCode:
    async def test_is_exchanged_for_a_pair(self, cloud: Driver) -> None:
        body = (await cloud.exchange(await cloud.consent()))["body"]
        assert re.fullmatch("[0-9a-f]{40}", body["access_token"])
        assert re.fullmatch("[0-9a-f]{40}", body["refresh_token"])
        assert (body["expires_in"], body["token_type"]) == (10800, "Bearer")
        assert isinstance(body["userid"], str)
        assert len(body["csrf_token"]) == 40

    async def test_dies_after_30_seconds(self, cloud: Driver) -> None:
        code = await cloud.consent()
        cloud.advance(30)
        reply = await cloud.exchange(code)
        assert (reply["status"], reply["error"]) == (503, "Invalid Params: invalid code")

    async def test_works_until_then(self, cloud: Driver) -> None:
        code = await cloud.consent()
        cloud.advance(29.9)
        assert (await cloud.exchange(code))["status"] == 0

    async def test_works_once(self, cloud: Driver) -> None:
        code = await cloud.consent()
        await cloud.exchange(code)
        cloud.advance(11)
        assert (await cloud.exchange(code))["error"] == "Invalid Params: invalid code"

    async def test_is_bound_to_its_redirect_uri(self, cloud: Driver) -> None:
        reply = await cloud.request_token(
            grant_type="authorization_code",
            code=await cloud.consent(),
            redirect_uri=f"{REDIRECT_URI}/other",
        )
        assert reply["status"] == 503

    @pytest.mark.parametrize("wrong", ["client_id", "client_secret", "grant_type"])
    async def test_needs_the_right_credentials(self, cloud: Driver, wrong: str) -> None:
        parameters = {
            "grant_type": "authorization_code",
            "code": await cloud.consent(),
            "redirect_uri": REDIRECT_URI,
        }
        reply = await cloud.request_token(**(parameters | {wrong: "wrong"}))
        assert (reply["status"], reply["error"]) == (503, f"Invalid Params: invalid {wrong}")


class TestRefresh:
    async def test_gives_a_new_pair_and_the_userid_as_a_number(self, linked: Linked) -> None:
        body = (await linked.driver.refresh(linked.refresh_token))["body"]
        assert body["userid"] == linked.userid
        assert body["refresh_token"] != linked.refresh_token
        assert body["access_token"] != linked.access_token

    async def test_the_old_pair_dies_with_the_first_use_of_the_new_access_token(self, linked: Linked) -> None:
        cloud = linked.driver
        assert await _status(cloud, linked.access_token) == 0
        new = (await cloud.refresh(linked.refresh_token))["body"]
        assert await _status(cloud, linked.access_token) == 0
        assert await _status(cloud, new["access_token"]) == 0
        assert await _status(cloud, linked.access_token) == 401
        cloud.advance(11)
        reply = await cloud.refresh(linked.refresh_token)
        assert (reply["status"], reply["error"]) == (503, "Invalid Params: invalid refresh_token")

    async def test_the_old_refresh_token_dies_after_8_hours_unused(self, linked: Linked) -> None:
        cloud = linked.driver
        await cloud.refresh(linked.refresh_token)
        cloud.advance(8 * HOUR)
        assert (await cloud.refresh(linked.refresh_token))["status"] == 503

    async def test_a_second_one_inside_the_window_gives_another_pair(self, linked: Linked) -> None:
        cloud = linked.driver
        first = (await cloud.refresh(linked.refresh_token))["body"]
        cloud.advance(8 * HOUR - 1)
        second = (await cloud.refresh(linked.refresh_token))["body"]
        assert second["refresh_token"] != first["refresh_token"]
        assert await _status(cloud, second["access_token"]) == 0

    async def test_can_be_told_to_repeat_the_pair(self, linked: Linked) -> None:
        await linked.driver.faults(second_refresh_repeats_pair=True)
        first = (await linked.driver.refresh(linked.refresh_token))["body"]
        linked.driver.advance(11)
        second = (await linked.driver.refresh(linked.refresh_token))["body"]
        assert second["refresh_token"] == first["refresh_token"]

    async def test_can_be_told_to_spare_the_old_access_token(self, linked: Linked) -> None:
        cloud = linked.driver
        await cloud.faults(old_access_token_survives=True)
        new = (await cloud.refresh(linked.refresh_token))["body"]
        assert await _status(cloud, new["access_token"]) == 0
        assert await _status(cloud, linked.access_token) == 0
        cloud.advance(11)
        assert (await cloud.refresh(linked.refresh_token))["status"] == 503

    async def test_repeated_within_10_seconds_is_throttled(self, linked: Linked) -> None:
        cloud = linked.driver
        await cloud.refresh(linked.refresh_token)
        cloud.advance(4)
        reply = await cloud.refresh(linked.refresh_token)
        assert reply["error"] == "Same arguments in less than 10 seconds"
        assert (reply["status"], reply["body"]) == (601, {"wait_seconds": 6})
        cloud.advance(6)
        assert (await cloud.refresh(linked.refresh_token))["status"] == 0

    async def test_lives_for_a_year(self, linked: Linked) -> None:
        linked.driver.advance(365 * 24 * HOUR)
        assert (await linked.driver.refresh(linked.refresh_token))["status"] == 503


class TestAccessToken:
    async def test_expires_after_three_hours(self, linked: Linked) -> None:
        linked.driver.advance(3 * HOUR)
        reply = await linked.call("/v2/user", "getdevice")
        assert (reply["status"], reply["error"], reply["body"]) == (401, BAD_TOKEN, {})

    async def test_is_accepted_as_a_parameter_too(self, linked: Linked) -> None:
        response = await linked.driver.http.get(
            "/v2/user", params={"action": "getgoals", "access_token": linked.access_token}
        )
        assert response.json()["status"] == 0

    async def test_is_needed(self, cloud: Driver) -> None:
        assert (await cloud.post("/measure", {"action": "getmeas"}))["error"] == BAD_TOKEN

    @pytest.mark.parametrize(
        ("scope", "path", "action"),
        [
            ("user.info", "/measure", "getmeas"),
            ("user.metrics", "/v2/measure", "getactivity"),
            ("user.metrics", "/v2/sleep", "getsummary"),
            ("user.activity", "/v2/heart", "list"),
            ("user.activity", "/v2/user", "getgoals"),
            ("user.metrics", "/v2/user", "getdevice"),
        ],
    )
    async def test_opens_only_what_was_granted(
        self, cloud: Driver, scope: str, path: str, action: str
    ) -> None:
        narrow = await cloud.link(scope=scope)
        reply = await narrow.call(path, action)
        assert (reply["status"], reply["error"]) == (403, "Insufficient_scope")


class TestASecondConsent:
    async def test_ends_the_first_pair_once_it_is_used(self, cloud: Driver) -> None:
        first, second = await cloud.link(), await cloud.link()
        assert await _status(cloud, first.access_token) == 0
        assert await _status(cloud, second.access_token) == 0
        assert await _status(cloud, first.access_token) == 401

    async def test_can_be_told_to_leave_the_first_pair_alone(self, cloud: Driver) -> None:
        await cloud.faults(consent_ends_older_pairs=False)
        first, second = await cloud.link(), await cloud.link()
        assert await _status(cloud, second.access_token) == 0
        assert await _status(cloud, first.access_token) == 0
