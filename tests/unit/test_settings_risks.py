"""What may do harm in settings that are right."""

from pathlib import Path
from typing import Any

import pytest

from withings_bridge.settings import Settings, SettingsError, risks_of

REAL: dict[str, Any] = {
    "withings_client_id": "id",
    "withings_client_secret": "secret-of-the-application",
    "token_encryption_keys": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}
WEBHOOK = {
    "withings_webhook_url": "https://bridge.example.org/webhook/withings",
    "withings_webhook_secret": "0123456789abcdef0123456789abcdef",
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def at_risk(**settings: Any) -> list[str]:
    return [risk.variable for risk in risks_of(Settings.load(**settings))]


class TestRisks:
    def test_there_are_none_where_a_laptop_talks_to_withings(self) -> None:
        assert at_risk(**REAL) == []
        assert at_risk(**REAL, **WEBHOOK) == []

    def test_the_sandbox_is_told(self) -> None:
        assert at_risk() == ["WITHINGS_CLIENT_ID"]
        unused = at_risk(withings_api_url="https://wbsapi.withings.net")
        assert unused == ["WITHINGS_CLIENT_ID", "WITHINGS_API_URL"]

    @pytest.mark.parametrize(
        ("changes", "variable"),
        [
            ({"host": "0.0.0.0", "allow_unauthenticated": True}, "ALLOW_UNAUTHENTICATED"),  # noqa: S104 - told
            ({"withings_redirect_uri": "https://bridge.example.org/callback"}, "ENVIRONMENT"),
            ({"trusted_proxies": "*"}, "TRUSTED_PROXIES"),
            ({"withings_client_id": "0123abcd..."}, "WITHINGS_CLIENT_ID"),
            ({"withings_notify_use_v2": True}, "WITHINGS_NOTIFY_API_URL"),
            ({"token_encryption_keys": ""}, "TOKEN_ENCRYPTION_KEYS"),
            ({**WEBHOOK, "withings_webhook_secret": ""}, "WITHINGS_WEBHOOK_SECRET"),
            ({**WEBHOOK, "withings_webhook_secret": "hush"}, "WITHINGS_WEBHOOK_SECRET"),
            ({**WEBHOOK, "withings_webhook_secret": "a-long-random-text"}, "WITHINGS_WEBHOOK_SECRET"),
            ({**WEBHOOK, "withings_webhook_accept_bare": True}, "WITHINGS_WEBHOOK_ACCEPT_BARE"),
            ({"vitals_realtime_gateway_url": "http://gateway:8080"}, "VITALS_REALTIME_GATEWAY_SECRET"),
        ],
    )
    def test_each_is_told_by_its_variable(self, changes: dict[str, Any], variable: str) -> None:
        assert at_risk(**REAL | changes) == [variable]

    def test_none_tells_a_secret(self) -> None:
        settings = Settings.load(**REAL | WEBHOOK | {"withings_webhook_secret": "s3cret"})
        risks = risks_of(settings)
        assert risks
        assert "s3cret" not in f"{risks}"
        assert all(risk.mend.endswith(".") for risk in risks)


class TestProblems:
    def test_of_single_values_and_of_all_taken_together_are_told_at_once(self) -> None:
        with pytest.raises(SettingsError) as refused:
            Settings.load(storage="paper", withings_client_id="id")
        lines = str(refused.value).splitlines()
        assert [line.split()[0] for line in lines] == ["STORAGE:", "WITHINGS_CLIENT_ID"]

    def test_that_follow_from_a_value_that_is_none_are_not_told_beside_it(self) -> None:
        with pytest.raises(SettingsError) as refused:
            Settings.load(host="0.0.0.0", api_keys="nonsense")  # noqa: S104 - refused
        assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == ["API_KEYS"]
