"""Canaries: planted secrets and readings must show up in no error and no ``repr``."""

import json
import traceback
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from unit.withings.loopback import ScriptedWithings, envelope
from withings_bridge.domain.errors import WithingsError
from withings_bridge.withings import Call, WithingsClient, WithingsOAuth
from withings_bridge.withings.answers import Answer, read
from withings_bridge.withings.models import Device, MeasureGroup, NotificationProfile, TokenReply
from withings_bridge.withings.models.tokens import NonceReply
from withings_bridge.withings.protocol import decode

CANARY = "canary4711"
STATUSES = (1, 100, 214, 250, 286, 293, 305, 342, 401, 403, 503, 522, 524, 601, 2554, 9999)


def shown(error: WithingsError) -> str:
    """All that a log could hold of an error: its text, its parts and its traceback."""
    told = "".join(traceback.format_exception(error))
    return f"{error} {error!r} {error.args} {vars(error)} {told}"


def caught_from_decode(content: bytes, **more: Any) -> WithingsError:
    http: int = more.pop("http", 200)
    with pytest.raises(WithingsError) as caught:
        decode(http, more.pop("content_type", None), content, more.pop("headers", {}), **more)
    return caught.value


class TestErrors:
    @pytest.mark.parametrize("status", STATUSES)
    @pytest.mark.parametrize("at_token_endpoint", [True, False])
    def test_of_a_status_repeat_nothing_of_the_reply(self, status: int, *, at_token_endpoint: bool) -> None:
        reply = {
            "status": status,
            "error": f"Invalid Params: refresh_token {CANARY}",
            "body": {"access_token": CANARY, "weight": CANARY, CANARY: 1},
        }
        error = caught_from_decode(json.dumps(reply).encode(), at_token_endpoint=at_token_endpoint)
        assert CANARY not in shown(error)

    @pytest.mark.parametrize("http", [200, 302, 403, 404, 429, 502])
    @pytest.mark.parametrize(
        "content", [f"<html>{CANARY}", f'{{"{CANARY}', f'["{CANARY}"]', f'{{"{CANARY}":1}}']
    )
    def test_of_a_broken_page_repeat_nothing_of_it(self, http: int, content: str) -> None:
        headers = {"Retry-After": CANARY, "Location": f"https://elsewhere.example/{CANARY}"}
        error = caught_from_decode(
            content.encode(), http=http, content_type=f"text/html; {CANARY}", headers=headers
        )
        assert CANARY not in shown(error)

    @pytest.mark.parametrize(
        ("model", "value"),
        [
            (TokenReply, {"access_token": CANARY, "refresh_token": f"{CANARY} broken", "expires_in": CANARY}),
            (TokenReply, {"access_token": CANARY, "refresh_token": [CANARY], "expires_in": 10800}),
            (NonceReply, {"nonce": [CANARY]}),
            (MeasureGroup, {"grpid": CANARY, "measures": [{"value": CANARY, "unit": 0, "type": 1}]}),
            (MeasureGroup, CANARY),
            (Device, {"model_id": {CANARY: CANARY}}),
        ],
    )
    def test_of_a_misfit_repeat_nothing_of_it(self, model: type[TokenReply], value: Any) -> None:
        with pytest.raises(WithingsError) as caught:
            read(model, value)
        assert CANARY not in shown(caught.value)

    async def test_of_a_call_repeat_neither_token_nor_url(
        self, cloud: ScriptedWithings, http: httpx.AsyncClient
    ) -> None:
        client = WithingsClient(http, cloud.url)
        for line in (b"", envelope({}, 401, error=CANARY), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"):
            cloud.replies(line)
            with pytest.raises(WithingsError) as caught:
                await client.subscribe(CANARY, f"https://bridge.example/?secret={CANARY}", 1)
            assert CANARY not in shown(caught.value)

    @pytest.mark.parametrize("token", [f"{CANARY}\n", f"{CANARY} ", f"{CANARY}é"])
    async def test_of_a_token_that_cannot_be_sent_do_not_repeat_it(
        self, cloud: ScriptedWithings, client: WithingsClient, token: str
    ) -> None:
        with pytest.raises(WithingsError) as caught:
            await client.devices(token)
        assert CANARY not in shown(caught.value)

    async def test_of_a_grant_repeat_neither_code_nor_secret(
        self, cloud: ScriptedWithings, http: httpx.AsyncClient
    ) -> None:
        oauth = WithingsOAuth(
            http, client_id="app-1", client_secret=SecretStr(CANARY), api_url=cloud.url, auth_url=cloud.url
        )
        for line in (b"", envelope({}, 503, error=f"Invalid Params: invalid code {CANARY}")):
            cloud.replies(line)
            with pytest.raises(WithingsError) as caught:
                await oauth.exchange(CANARY, "https://bridge.example/callback")
            assert CANARY not in shown(caught.value)


class TestReprs:
    def test_of_tokens_hide_them(self) -> None:
        reply = TokenReply.model_validate(
            {"access_token": CANARY, "refresh_token": CANARY, "expires_in": 10800, "csrf_token": CANARY}
        )
        assert CANARY not in f"{reply!r} {reply} {reply.model_dump()} {reply.model_dump_json()}"
        assert reply.access_token.get_secret_value() == CANARY

    def test_of_a_nonce_hide_it(self) -> None:
        reply = NonceReply(nonce=CANARY)
        assert CANARY not in f"{reply!r} {reply}"

    def test_of_a_call_hide_what_it_carries(self) -> None:
        call = Call("https://withings.example/v2/oauth2", "requesttoken", {"code": CANARY}, CANARY)
        assert CANARY not in f"{call!r} {call}"
        assert call.form()["code"] == CANARY

    def test_of_an_answer_hide_its_rows(self) -> None:
        answer = Answer(rows=({"value": CANARY},), model=MeasureGroup)
        assert CANARY not in f"{answer!r} {answer}"

    def test_of_a_subscription_hide_the_secret_in_its_url(self) -> None:
        profile = NotificationProfile(appli=1, callbackurl=f"https://bridge.example/?secret={CANARY}")
        assert CANARY not in f"{profile!r} {profile}"
