import hashlib
import hmac
from typing import Any

import pytest
import respx

from unit.sandbox.sandbox_driver import NOON, REDIRECT_URI, WEBHOOK, Driver, Linked

SECRET = "sandbox-secret"


def _signed(*values: object, secret: str = SECRET) -> str:
    text = ",".join(map(str, values))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


async def _nonce(cloud: Driver, *, timestamp: int = int(NOON), **changes: str) -> dict[str, Any]:
    parameters = {
        "action": "getnonce",
        "client_id": "sandbox",
        "timestamp": str(timestamp),
        "signature": _signed("getnonce", "sandbox", timestamp),
    }
    return await cloud.post("/v2/signature", parameters | changes)


async def _sign(cloud: Driver, action: str, **parameters: object) -> dict[str, Any]:
    nonce = (await _nonce(cloud))["body"]["nonce"]
    proof = {
        "action": action,
        "client_id": "sandbox",
        "nonce": nonce,
        "signature": _signed(action, "sandbox", nonce),
    }
    return proof | parameters


class TestNonce:
    async def test_is_given_for_a_signature_over_three_values(self, cloud: Driver) -> None:
        assert len((await _nonce(cloud))["body"]["nonce"]) == 40

    async def test_is_refused_for_another_secret(self, cloud: Driver) -> None:
        forged = _signed("getnonce", "sandbox", int(NOON), secret="other")
        assert (await _nonce(cloud, signature=forged))["status"] == 342

    @pytest.mark.parametrize(("skew", "status"), [(300, 0), (-300, 0), (301, 503), (-301, 503)])
    async def test_allows_five_minutes_of_skew(self, cloud: Driver, skew: int, status: int) -> None:
        assert (await _nonce(cloud, timestamp=int(NOON) + skew))["status"] == status

    async def test_is_given_to_a_caller_who_does_not_know_that_the_clock_was_moved(
        self, cloud: Driver
    ) -> None:
        cloud.advance(86_400)
        assert (await _nonce(cloud))["status"] == 0

    async def test_works_once(self, linked: Linked) -> None:
        call = await _sign(linked.driver, "revoke", userid=linked.userid)
        assert (await linked.driver.post("/v2/oauth2", call))["status"] == 0
        assert (await linked.driver.post("/v2/oauth2", call))["status"] == 343

    async def test_lives_for_half_an_hour(self, linked: Linked) -> None:
        call = await _sign(linked.driver, "revoke", userid=linked.userid)
        linked.driver.advance(1800)
        assert (await linked.driver.post("/v2/oauth2", call))["status"] == 343

    async def test_signs_one_action_only(self, cloud: Driver) -> None:
        call = await _sign(cloud, "revoke", userid=1)
        reply = await cloud.post("/v2/oauth2", call | {"action": "getdemoaccess"})
        assert reply["status"] == 342


class TestSignedCalls:
    async def test_requesttoken_takes_a_signature_for_the_secret(self, cloud: Driver) -> None:
        call = await _sign(
            cloud,
            "requesttoken",
            grant_type="authorization_code",
            code=await cloud.consent(),
            redirect_uri=REDIRECT_URI,
        )
        assert (await cloud.post("/v2/oauth2", call))["status"] == 0

    async def test_getdemoaccess_gives_a_pair_of_the_first_person(self, cloud: Driver) -> None:
        call = await _sign(cloud, "getdemoaccess", scope_oauth2="user.metrics")
        body = (await cloud.post("/v2/oauth2", call))["body"]
        assert body["scope"] == "user.metrics"
        assert body["userid"] == str(await cloud.userid())

    @respx.mock
    async def test_revoke_ends_both_tokens_and_every_subscription(self, linked: Linked) -> None:
        cloud = linked.driver
        respx.head(WEBHOOK).respond(200)
        await linked.subscribe(1)
        await linked.subscribe(4)
        call = await _sign(cloud, "revoke", userid=linked.userid)
        assert (await cloud.post("/v2/oauth2", call))["status"] == 0
        assert (await linked.call("/v2/user", "getdevice"))["status"] == 401
        assert (await cloud.refresh(linked.refresh_token))["status"] == 503
        again = await cloud.link()
        assert await again.body("/notify", "list") == {"profiles": []}

    async def test_revoke_of_a_stranger_is_bad_parameters(self, cloud: Driver) -> None:
        call = await _sign(cloud, "revoke", userid=1)
        assert (await cloud.post("/v2/oauth2", call))["status"] == 503
