"""Bytes and headers in; a body or one error of the tree out."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from withings_bridge.domain.errors import (
    AlreadyAbsent,
    BadGrant,
    BadParameters,
    BadScope,
    BadToken,
    CallbackRefused,
    Malformed,
    NotImplementedByWithings,
    RateLimited,
    Retry,
    Transient,
    WithingsError,
)
from withings_bridge.withings.protocol import Call, decode, signature

JSON = "application/json"


def reply(
    status: Any,
    body: Any = None,
    *,
    error: Any = None,
    headers: dict[str, str] | None = None,
    http: int = 200,
    at_token_endpoint: bool = False,
) -> dict[str, Any]:
    content = {"status": status, "body": {} if body is None else body}
    if error is not None:
        content["error"] = error
    return decode(
        http, JSON, json.dumps(content).encode(), headers or {}, at_token_endpoint=at_token_endpoint
    )


def refused(status: int, body: Any = None, **more: Any) -> WithingsError:
    with pytest.raises(WithingsError) as caught:
        reply(status, body, **more)
    return caught.value


class TestSuccess:
    def test_yields_the_body(self) -> None:
        assert reply(0, {"devices": []}) == {"devices": []}

    @pytest.mark.parametrize(
        "content", [b'{"status":0}', b'{"status":0,"body":null}', b'{"status":0,"body":[]}']
    )
    def test_without_content_yields_an_empty_body(self, content: bytes) -> None:
        assert decode(200, JSON, content, {}) == {}

    def test_keeps_the_shortest_form_of_a_fraction(self) -> None:
        body = decode(200, JSON, b'{"status":0,"body":{"distance":1028.559,"steps":5}}', {})
        assert (repr(body["distance"]), repr(body["steps"])) == ("1028.559", "5")

    def test_does_not_depend_on_the_content_type(self) -> None:
        assert decode(200, "text/plain", b'{"status":0,"body":{"a":1}}', {}) == {"a": 1}


class TestRefusalInsideHttp200:
    @pytest.mark.parametrize(
        ("status", "error", "retry"),
        [
            (401, BadToken, Retry.AFTER_REFRESH),
            (250, BadToken, Retry.RELINK),
            (403, BadScope, Retry.NEVER),
            (503, BadParameters, Retry.NEVER),
            (293, CallbackRefused, Retry.LATER),
            (294, AlreadyAbsent, Retry.NEVER),
            (601, RateLimited, Retry.LATER),
            (2554, NotImplementedByWithings, Retry.NEVER),
            (522, Transient, Retry.LATER),
            (77777, Transient, Retry.LATER),
        ],
    )
    def test_becomes_the_error_of_its_status(
        self, status: int, error: type[WithingsError], retry: Retry
    ) -> None:
        caught = refused(status)
        assert (type(caught), caught.status, caught.retry) == (error, status, retry)

    def test_at_the_token_endpoint_503_is_a_dead_grant(self) -> None:
        caught = refused(503, error="Invalid Params: invalid refresh_token", at_token_endpoint=True)
        assert isinstance(caught, BadGrant)
        assert "invalid refresh_token" in str(caught)

    def test_carries_the_number_of_worthwhile_attempts(self) -> None:
        assert refused(293).max_attempts == 3
        assert refused(522).max_attempts is None

    def test_outweighs_the_http_status(self) -> None:
        assert isinstance(refused(401, http=500), BadToken)

    def test_quotes_a_text_that_is_known_to_be_harmless(self) -> None:
        assert "'Too Many Requests'" in str(refused(601, error="Too Many Requests"))

    def test_withholds_any_other_text(self) -> None:
        caught = refused(503, error="Invalid Params: deviceid 5f1b of user 363 at 70.4 kg")
        assert str(caught) == "Withings does not accept a parameter of this call (status 503)."

    @pytest.mark.parametrize("error", [7, [], {"text": 1}, None])
    def test_bears_an_error_text_that_is_no_text(self, error: Any) -> None:
        assert isinstance(refused(601, error=error), RateLimited)


class TestTheWaitAfter601:
    @pytest.mark.parametrize(
        ("body", "text", "seconds"),
        [
            ({"wait_seconds": 68}, "Too Many Requests", 68),
            ({"wait_seconds": "188"}, "Same arguments in less than 10 seconds", 188),
            ({"wait_seconds": 0.5}, "Too Many Requests", 0.5),
            ({"wait_seconds": 10**400}, "Too Many Requests", 60),
            ({"wait_seconds": 1e300}, "Too Many Requests", 86400),
            ({"wait_seconds": -5}, "Too Many Requests", 60),
            ({"wait_seconds": None}, "Same arguments in less than 10 seconds", 10),
            ({"wait_seconds": "soon"}, "Same arguments in less than 10 seconds", 10),
            ({}, "Too Many Requests", 60),
            ([], "Same arguments in less than 10 seconds", 10),
            ({}, None, 60),
        ],
    )
    def test_is_what_withings_says_or_what_its_text_implies(
        self, body: Any, text: str | None, seconds: float
    ) -> None:
        assert refused(601, body, error=text).retry_after == timedelta(seconds=seconds)

    def test_may_come_from_the_header(self) -> None:
        assert refused(601, headers={"Retry-After": "7"}).retry_after == timedelta(seconds=7)

    def test_is_unknown_after_other_statuses(self) -> None:
        assert refused(522).retry_after is None


class TestRepliesThatAreNone:
    @pytest.mark.parametrize(
        ("content_type", "content", "said"),
        [
            (JSON, b"", "an empty page"),
            (None, b"  \n", "an empty page"),
            ("text/html; charset=utf-8", b"<html>maintenance</html>", "an HTML page"),
            (JSON, b'{"status":0,"body":{"measuregrps":[{"gr', "cut short"),
            (JSON, b"\xff\xfe", "not JSON"),
            (JSON, b"[1,2]", "not an object"),
            (JSON, b'"ok"', "not an object"),
            (JSON, b'{"body":{}}', "without a status"),
            (JSON, b'{"status":"0","body":{}}', "without a status"),
            (JSON, b'{"status":true,"body":{}}', "without a status"),
            (JSON, b'{"status":null}', "without a status"),
            (JSON, b'{"status":0,"body":"x"}', "not an object"),
            (JSON, b'{"status":0,"body":[1]}', "not an object"),
            (JSON, b'{"status":0,"body":{"a":NaN}}', "not JSON"),
            (JSON, b'{"status":0,"body":{"a":1e400}}', "not JSON"),
            (JSON, b'{"status":0,"body":' + b"[" * 100_000, "not JSON"),
        ],
    )
    def test_are_malformed(self, content_type: str | None, content: bytes, said: str) -> None:
        with pytest.raises(Malformed, match=said):
            decode(200, content_type, content, {})


class TestRealHttpFailures:
    @pytest.mark.parametrize(
        ("http", "error"),
        [
            (301, Malformed),
            (400, Malformed),
            (401, Malformed),
            (403, Malformed),
            (404, NotImplementedByWithings),
            (408, Transient),
            (429, RateLimited),
            (500, Transient),
            (502, Transient),
            (503, Transient),
        ],
    )
    def test_can_all_be_tried_again_for_a_front_end_decides_nothing(
        self, http: int, error: type[WithingsError]
    ) -> None:
        with pytest.raises(WithingsError) as caught:
            decode(http, "text/html", b"<html>", {}, at_token_endpoint=True)
        assert (type(caught.value), caught.value.retry, caught.value.status) == (error, Retry.LATER, None)

    @pytest.mark.parametrize("http", [429, 503])
    def test_honour_retry_after_in_seconds(self, http: int) -> None:
        with pytest.raises(WithingsError) as caught:
            decode(http, None, b"", httpx.Headers({"Retry-After": "120"}))
        assert caught.value.retry_after == timedelta(seconds=120)

    def test_honour_retry_after_as_a_date(self) -> None:
        headers = {"Date": "Mon, 23 Nov 2026 10:00:00 GMT", "retry-after": "Mon, 23 Nov 2026 10:00:30 GMT"}
        with pytest.raises(Transient) as caught:
            decode(503, None, b"", headers)
        assert caught.value.retry_after == timedelta(seconds=30)

    @pytest.mark.parametrize("value", ["Mon, 23 Nov 2026 10:00:30 GMT", "nonsense", "-1", "nan", "", "inf"])
    def test_wait_at_most_a_day_and_no_unknown_time(self, value: str) -> None:
        with pytest.raises(Transient) as caught:
            decode(503, None, b"", {"Retry-After": value})
        assert caught.value.retry_after in {None, timedelta(days=1)}

    def test_a_good_envelope_does_not_excuse_a_failure(self) -> None:
        with pytest.raises(Transient):
            reply(0, {"devices": []}, http=500)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
ANY_ENVELOPE = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from([0, 401, 503, 601]) | ANY_JSON,
        "body": st.fixed_dictionaries({}, optional={"wait_seconds": ANY_JSON}) | ANY_JSON,
        "error": ANY_JSON,
    },
).map(lambda value: json.dumps(value).encode())


class TestAnyBytes:
    @settings(deadline=None)  # the machine may be busy
    @given(
        http=st.integers(100, 599),
        content_type=st.none() | st.text(),
        content=st.binary() | ANY_ENVELOPE | ANY_JSON.map(lambda value: json.dumps(value).encode()),
        headers=st.dictionaries(st.sampled_from(["Retry-After", "Date", "retry-after"]), st.text()),
        at_token_endpoint=st.booleans(),
    )
    def test_decode_or_raise_an_error_of_the_tree(
        self,
        http: int,
        content_type: str | None,
        content: bytes,
        headers: dict[str, str],
        *,
        at_token_endpoint: bool,
    ) -> None:
        wait: timedelta | None = None
        try:
            body = decode(http, content_type, content, headers, at_token_endpoint=at_token_endpoint)
        except WithingsError as error:
            body, wait = {}, error.retry_after
        assert isinstance(body, dict)
        assert wait is None or timedelta(0) < wait <= timedelta(days=1)


class TestSignature:
    """Vectors made with ``printf ... | openssl dgst -sha256 -hmac test-secret``."""

    def test_of_a_nonce_call_covers_the_timestamp(self) -> None:
        made = signature("test-secret", action="getnonce", client_id="app-1", proof="1700000000")
        assert made == "96f77c447152ce06546c2e81ef283346c0cd478a39fc1075de242c79d0212f38"

    def test_of_any_other_call_covers_the_nonce(self) -> None:
        made = signature("test-secret", action="revoke", client_id="app-1", proof="nonce-1")
        assert made == "c9bb8c1d07916cce817a2ecfc5f3611db61275b068eb51d0455e58e21f182d7b"


class TestCall:
    @pytest.mark.parametrize("token", ["", "a b", "line\nbreak", "é"])
    def test_refuses_a_token_that_no_header_can_carry(self, token: str) -> None:
        with pytest.raises(BadToken, match="damaged"):
            Call("https://withings.example/measure", "getmeas", access_token=token).headers()
