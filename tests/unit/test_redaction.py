from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from withings_bridge import redaction
from withings_bridge.callers import ApiKey, Scope
from withings_bridge.redaction import MASK, redacted, redacted_text

HEX = "a4" * 20
FERNET = Fernet(Fernet.generate_key()).encrypt(b"refresh").decode()
KEY, _ = ApiKey.made("reports", Scope.READ)
STATE = "Xk3_9f-Qw7Zr5Tn1Lm8Vb2Hs6Jd4Gc0Pa_yE-uRiO1x"
JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyIn0.c2ln"

SECRETS = [
    HEX,
    pytest.param(FERNET, id="encrypted"),
    pytest.param(KEY, id="key"),
    STATE,
    JWT,
    "person@mail.example.org",
    "person%40example.org",
]


class TestText:
    @given(st.from_regex(redaction._PLAIN, fullmatch=True))
    def test_that_is_plain_holds_nothing_to_be_masked(self, text: str) -> None:
        assert text.isprintable()
        assert not any(shape.search(text) for shape, _ in (*redaction._NAMED, *redaction._MASKED))

    @pytest.mark.parametrize("secret", SECRETS)
    def test_loses_what_looks_like_a_secret_wherever_it_stands(self, secret: str) -> None:
        for text in (
            secret,
            f"said {secret}.",
            f"/path/{secret}/on",
            f"('{secret}', 3)",
            f'{{"x": "{secret}"}}',
        ):
            assert secret not in redacted_text(text)
            assert redacted_text(text) == text.replace(secret, MASK)

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("/callback?code=abc&state=d-e f", "/callback?code=***&state=*** f"),
            ("POST secret=hush", "POST secret=***"),
            ("{'client_secret': 'hush', 'n': 1}", "{'client_secret': '***', 'n': 1}"),
            ('{"token":"hush","n":1}', '{"token":"***","n":1}'),
            ("WITHINGS_WEBHOOK_SECRET=hush", "WITHINGS_WEBHOOK_SECRET=***"),
            ("Authorization: Bearer hush", "Authorization: Bearer ***"),
            ("Basic aHVzaA==, more", "Basic ***, more"),
            ("https://me:hush@host/path", "https://***@host/path"),
        ],
    )
    def test_loses_what_its_name_gives_away(self, text: str, shown: str) -> None:
        assert redacted_text(text) == shown

    @pytest.mark.parametrize(
        "text",
        [
            "Withings notify subscribed appli=44",
            "tokens unreadable; is a key missing in TOKEN_ENCRYPTION_KEYS?",
            "DynamoDB does not answer GetItem: ProvisionedThroughputExceededException",
            "token pair refreshed",
            "0f9d3c1e-7a55-4a0e-9a55-2d1f8b6c7e21#withings",
            "0af7651916cd43dd8448eb211c80319c",
            "/api/withings/inbox/40000001",
            "2026-11-25T12:00:00.123456Z",
            "a-long-name-of-a-table-that-somebody-made-up-for-tokens",
            "Transient: Withings has a fault of its own (status 522)",
            "http://localhost:5001/",
        ],
    )
    def test_is_otherwise_as_it_was(self, text: str) -> None:
        assert redacted_text(text) == text

    def test_stays_one_line_and_moves_no_cursor(self) -> None:
        assert redacted_text("a\nINFO b\r\x1b[31mc\u2028d\n") == r"a\nINFO b\r\x1b[31mc\u2028d"


class TestValues:
    @pytest.mark.parametrize(
        "name",
        ["token", "access_token", "X-API-Key", "Authorization", "state", "codes", "webhook_secret", "Cookie"],
    )
    @pytest.mark.parametrize("value", ["hush", 4711, b"hush", ["hush"], {"a": "hush"}])
    def test_under_a_telling_name_are_masked(self, name: str, value: Any) -> None:
        assert redacted(value, name) == MASK

    @pytest.mark.parametrize("name", ["status", "account", "reason", "request_id", "tokens_table", "encoded"])
    def test_under_another_name_are_told(self, name: str) -> None:
        assert redacted("plain", name) == "plain"

    @pytest.mark.parametrize("value", [None, True, 3, 2.5])
    def test_that_are_no_text_stay_what_they_are(self, value: Any) -> None:
        assert redacted(value, "records") is value

    def test_inside_others_are_looked_at_too(self) -> None:
        value = {"asked": [{"code": "hush", "n": 1}, (HEX, "plain")], HEX: {"plain"}}
        assert redacted(value) == {"asked": [{"code": MASK, "n": 1}, [MASK, "plain"]], MASK: ["plain"]}

    def test_of_any_other_kind_are_told_as_their_repr(self) -> None:
        assert redacted(ValueError(f"cannot use {HEX}")) == f"ValueError('cannot use {MASK}')"
