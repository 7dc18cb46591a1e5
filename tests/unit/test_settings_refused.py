"""What stops the start: each message names the variable, what is wrong, and what is right."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from withings_bridge.domain.extended import NAMES
from withings_bridge.settings import Settings
from withings_bridge.settings.problems import SettingsError

DIGEST = "0123456789abcdef" * 4
CREDENTIALS = {"WITHINGS_CLIENT_ID": "id", "WITHINGS_CLIENT_SECRET": "hush"}
PRODUCTION = {
    **CREDENTIALS,
    "ENVIRONMENT": "production",
    "WITHINGS_REDIRECT_URI": "https://bridge.example.org/callback",
    "WITHINGS_WEBHOOK_URL": "https://bridge.example.org/webhook/withings",
    "WITHINGS_WEBHOOK_SECRET": "hush",
    "FRONTEND_URL": "https://app.example.org/vitals",
    "ALLOWED_ORIGINS": "https://app.example.org",
    "API_KEYS": f"reports:read:{DIGEST}",
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing set, and no ``.env`` in the working folder."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch) -> "Refusal":
    return Refusal(monkeypatch)


class Refusal:
    """Loads an environment that is wrong."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def of(self, **variables: str) -> str:
        """What the person is told."""
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)
        with pytest.raises(SettingsError) as caught:
            Settings.load()
        return str(caught.value)


class TestWrongValues:
    @pytest.mark.parametrize(
        ("name", "value", "problem"),
        [
            ("PORT", "http", "valid integer"),
            ("PORT", "0", "greater than or equal to 1"),
            ("PORT", "65536", "less than or equal to 65535"),
            ("ENVIRONMENT", "staging", "'development' or 'production'"),
            ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
            ("STORAGE", "postgres", "'sqlite' or 'dynamodb'"),
            ("SHUTDOWN_GRACE_SECONDS", "-1", "greater than or equal to 0"),
            ("ALLOW_UNAUTHENTICATED", "perhaps", "valid boolean"),
            ("AUTO_CREATE_DYNAMODB_TABLES", "2", "valid boolean"),
            ("WITHINGS_WEBHOOK_ACCEPT_BARE", "sure", "valid boolean"),
            ("WITHINGS_WEBHOOK_ALLOW_LIST", "true", "'off', 'fail-open' or 'fail-closed'"),
            ("WITHINGS_NOTIFY_USE_V2", "v2", "valid boolean"),
            ("WITHINGS_NOTIFY_APPLIS", "1,weight", "valid integer"),
            ("SUBSCRIBE_SPACING_SECONDS", "600", "less than or equal to 60"),
            ("WITHINGS_MEASURE_DAYS", "0", "greater than or equal to 1"),
            ("WITHINGS_ACTIVITY_DAYS", "1.5", "valid integer"),
            ("WITHINGS_SLEEP_DAYS", "ninety", "valid integer"),
            ("WITHINGS_API_MAX_PAGES", "0", "greater than or equal to 1"),
            ("WITHINGS_QUOTA_PER_MINUTE", "0", "greater than or equal to 1"),
            ("RECONCILE_HOURS", "0", "greater than 0"),
            ("API_RATE_LIMIT_PER_MINUTE", "0", "greater than or equal to 1"),
            ("TRUSTED_PROXIES", "10.0.0.1/8", "addresses and networks"),
            ("TRUSTED_PROXIES", "proxy.example.org", "addresses and networks"),
            ("TRUSTED_PROXIES", "10.0.0.0/8,*", "* alone"),
            ("ALLOWED_ORIGINS", "*", "no path, and no *"),
            ("ALLOWED_ORIGINS", "https://app.example.org/vitals", "no path, and no *"),
            ("API_KEYS", "wb_some-key", "name:scope:sha256"),
            ("API_KEYS", "reports:read:wb_some-key", "not the key itself"),
            ("API_KEYS", f"app:read:{DIGEST},app:sync:{DIGEST}", "differently"),
            ("TOKEN_ENCRYPTION_KEYS", "too-short", "openssl rand"),
            ("TOKEN_ENCRYPTION_KEYS", "é", "openssl rand"),
            ("TOKEN_ENCRYPTION_KEYS", " , ", "unset it"),
            ("WITHINGS_WEBHOOK_SECRET", " , ", "unset it"),
        ],
    )
    def test_the_variable_and_its_problem_are_named(
        self, refusal: Refusal, name: str, value: str, problem: str
    ) -> None:
        told = refusal.of(**{name: value})
        assert told.startswith(f"{name}: ")
        assert problem in told
        assert "\n" not in told

    @pytest.mark.parametrize(
        "name",
        [
            *("FRONTEND_URL", "WITHINGS_REDIRECT_URI", "WITHINGS_API_URL", "WITHINGS_AUTH_URL"),
            *("WITHINGS_WEBHOOK_URL", "PUBLIC_WEBHOOK_BASE_URL", "WITHINGS_PUBLIC_BASE_URL"),
            *("WITHINGS_NOTIFY_API_URL", "AWS_DYNAMODB_ENDPOINT", "VITALS_REALTIME_GATEWAY_URL"),
            "COGNITO_ISSUER",
        ],
    )
    @pytest.mark.parametrize("value", ["example.org", "ftp://example.org", "https://", "http://a b.org"])
    def test_an_address_is_a_whole_web_address_and_an_example_is_given(
        self, refusal: Refusal, name: str, value: str
    ) -> None:
        told = refusal.of(**{name: value})
        assert told.startswith(f"{name}: must be a full http or https URL, for example {name}=http")

    @pytest.mark.parametrize("value", ["http://localhost:99999/callback", "http://localhost:x/callback"])
    def test_an_address_with_an_impossible_port_is_named_too(self, refusal: Refusal, value: str) -> None:
        told = refusal.of(WITHINGS_REDIRECT_URI=value)
        assert told.startswith("WITHINGS_REDIRECT_URI: Port")

    @pytest.mark.parametrize(
        "name",
        [
            name
            for name, field in Settings.model_fields.items()
            if field.annotation is not str and "secret" not in name and "key" not in name
        ],
    )
    def test_every_variable_that_can_be_wrong_has_an_example(self, name: str) -> None:
        field = Settings.model_fields[name]
        extra = field.json_schema_extra
        assert isinstance(extra, dict)
        assert extra["example"] or field.get_default()

    def test_all_that_is_wrong_is_told_at_once(self, refusal: Refusal) -> None:
        told = refusal.of(PORT="x", STORAGE="y", RECONCILE_HOURS="z").splitlines()
        assert [line.partition(":")[0] for line in told] == ["PORT", "STORAGE", "RECONCILE_HOURS"]

    def test_an_example_follows_the_problem(self, refusal: Refusal) -> None:
        assert refusal.of(PORT="x").endswith(", for example PORT=5001")

    def test_what_a_file_says_is_checked_as_well(self, refusal: Refusal, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("STORAGE=paper\n")
        assert refusal.of().startswith("STORAGE: ")

    def test_the_value_itself_is_never_repeated(self, refusal: Refusal) -> None:
        told = refusal.of(
            TOKEN_ENCRYPTION_KEYS="hush-key", WITHINGS_WEBHOOK_SECRET="hush-hook", PORT="hush-port"
        )
        assert "hush" not in told

    def test_nor_by_the_error_beneath(self) -> None:
        with pytest.raises(ValidationError) as caught:
            Settings(token_encryption_keys="hush-key", withings_client_secret="hush-client")
        assert "hush" not in str(caught.value)


class TestHalves:
    @pytest.mark.parametrize("name", CREDENTIALS)
    def test_one_of_the_two_credentials_is_none(self, refusal: Refusal, name: str) -> None:
        told = refusal.of(**{name: "hush"})
        assert "WITHINGS_CLIENT_ID and WITHINGS_CLIENT_SECRET belong together" in told
        assert "hush" not in told

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("COGNITO_CLIENT_IDS", "client-1"),
            ("COGNITO_REGION", "eu-west-1"),
            ("COGNITO_ISSUER", "http://localhost:9229/local_1"),
            ("COGNITO_OPERATOR_GROUP", "bridge-operators"),
            ("COGNITO_OPERATOR_SCOPE", "withings-bridge/admin"),
        ],
    )
    def test_what_is_said_of_a_user_pool_needs_one(self, refusal: Refusal, name: str, value: str) -> None:
        told = refusal.of(**{name: value})
        assert told.startswith(f"{name} is about a user pool, and none is named; set COGNITO_USER_POOL_ID")
        assert "\n" not in told

    def test_all_that_is_said_of_none_is_told_at_once(self, refusal: Refusal) -> None:
        told = refusal.of(COGNITO_REGION="eu-west-1", COGNITO_OPERATOR_GROUP="bridge-operators").splitlines()
        assert [line.split()[0] for line in told] == ["COGNITO_REGION", "COGNITO_OPERATOR_GROUP"]

    @pytest.mark.parametrize("clients", ["", " , "])
    def test_a_user_pool_needs_app_clients(self, refusal: Refusal, clients: str) -> None:
        told = refusal.of(COGNITO_USER_POOL_ID="us-east-1_a1B2c3D4e", COGNITO_CLIENT_IDS=clients)
        assert told.startswith("COGNITO_CLIENT_IDS: ")
        assert "for example COGNITO_CLIENT_IDS=" in told
        assert "\n" not in told

    def test_a_user_pool_in_another_region_would_be_asked_for_nothing(self, refusal: Refusal) -> None:
        """Its tokens would all be refused, as another pool's."""
        told = refusal.of(COGNITO_USER_POOL_ID="eu-west-1_a1B2c3D4e", COGNITO_CLIENT_IDS="client-1")
        assert told.startswith("COGNITO_USER_POOL_ID: ")
        assert told.endswith("set COGNITO_REGION=eu-west-1")

    @pytest.mark.parametrize("pool", ["users", "_", "us-east-1_", "us-east-1/a1B2c3D4e", "us-east-1_a1#"])
    def test_what_cannot_be_a_user_pool_is_none(self, refusal: Refusal, pool: str) -> None:
        told = refusal.of(COGNITO_USER_POOL_ID=pool).splitlines()
        assert [line.partition(":")[0] for line in told] == ["COGNITO_CLIENT_IDS", "COGNITO_USER_POOL_ID"]
        assert "for example COGNITO_USER_POOL_ID=us-east-1_" in told[1]


class TestProduction:
    def test_the_sandbox_never_serves_people(self, refusal: Refusal) -> None:
        told = refusal.of(ENVIRONMENT="production")
        assert "never runs on the sandbox" in told
        assert "WITHINGS_CLIENT_ID" in told

    def test_with_all_that_a_public_server_needs_it_starts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in PRODUCTION.items():
            monkeypatch.setenv(name, value)
        assert Settings.load().redirect_uri == "https://bridge.example.org/callback"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("WITHINGS_REDIRECT_URI", "http://bridge.example.org/callback"),
            ("WITHINGS_REDIRECT_URI", "https://localhost/callback"),
            ("WITHINGS_WEBHOOK_URL", "http://bridge.example.org/webhook/withings"),
            ("WITHINGS_WEBHOOK_URL", "https://127.0.0.1/webhook/withings"),
            ("FRONTEND_URL", "http://app.example.org/vitals"),
            ("WITHINGS_API_URL", "http://wbsapi.example.org"),
            ("WITHINGS_NOTIFY_API_URL", "http://wbsapi.example.org/notify"),
            ("WITHINGS_AUTH_URL", "http://127.0.0.1:5002/oauth2_user/authorize2"),
            ("COGNITO_ISSUER", "http://issuer.example.org/pool"),
        ],
    )
    def test_plain_http_and_loopback_addresses_are_for_trying_out(
        self, refusal: Refusal, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        pool = (
            {"COGNITO_USER_POOL_ID": "local_1", "COGNITO_CLIENT_IDS": "client-1"} if "COGNITO" in name else {}
        )
        told = refusal.of(**{**PRODUCTION, **pool, name: value})
        assert "\n" not in told
        assert told.startswith(f"{name}: ENVIRONMENT=production wants https")
        assert f"for example {name}=https://" in told
        monkeypatch.setenv("ENVIRONMENT", "development")
        assert getattr(Settings.load(), name.lower()) == value

    def test_all_that_is_missing_is_named_at_once(self, refusal: Refusal) -> None:
        told = refusal.of(ENVIRONMENT="production").splitlines()
        assert [line.partition(":")[0] for line in told[1:]] == [
            "WITHINGS_REDIRECT_URI",
            "WITHINGS_WEBHOOK_URL",
            "FRONTEND_URL",
            "ALLOWED_ORIGINS",
            "WITHINGS_WEBHOOK_SECRET",
            "API_KEYS",
        ]
        assert "WITHINGS_CLIENT_ID and WITHINGS_CLIENT_SECRET" in told[0]

    @pytest.mark.parametrize(
        "name",
        [
            *("WITHINGS_REDIRECT_URI", "WITHINGS_WEBHOOK_URL", "WITHINGS_WEBHOOK_SECRET"),
            *("FRONTEND_URL", "ALLOWED_ORIGINS", "API_KEYS"),
        ],
    )
    def test_each_of_it_is_needed(self, refusal: Refusal, name: str) -> None:
        told = refusal.of(**{**PRODUCTION, name: ""})
        assert told.startswith(f"{name}: ENVIRONMENT=production wants ")
        assert "\n" not in told
        assert "hush" not in told

    def test_an_app_without_https_is_none(self, refusal: Refusal) -> None:
        told = refusal.of(**{**PRODUCTION, "ALLOWED_ORIGINS": "http://app.example.org"})
        assert told.startswith("ALLOWED_ORIGINS: ")

    def test_whom_something_else_guards_it_believes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in {**PRODUCTION, "API_KEYS": "", "ALLOW_UNAUTHENTICATED": "true"}.items():
            monkeypatch.setenv(name, value)
        assert not Settings.load().loopback_only


class TestSecretInTheAddress:
    @pytest.mark.parametrize("query", ["?secret=hush", "?secret=", "?a=b&secret=hush"])
    def test_of_the_webhook_is_refused_and_not_repeated(self, refusal: Refusal, query: str) -> None:
        told = refusal.of(WITHINGS_WEBHOOK_URL=f"https://bridge.example.org/webhook/withings{query}")
        assert told.startswith("WITHINGS_WEBHOOK_URL: ")
        assert "WITHINGS_WEBHOOK_SECRET" in told
        assert "hush" not in told

    def test_is_no_other_parameter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WITHINGS_WEBHOOK_URL", "https://bridge.example.org/webhook/withings?tenant=a")
        assert Settings.load().webhook_url


class TestExposure:
    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "bridge.example.org"])  # noqa: S104 - refused
    def test_health_data_is_not_served_to_everybody(self, refusal: Refusal, host: str) -> None:
        told = refusal.of(HOST=host)
        assert told.startswith(f"HOST={host} ")
        assert "COGNITO_USER_POOL_ID or API_KEYS" in told
        assert "HOST=127.0.0.1" in told
        assert "ALLOW_UNAUTHENTICATED=true" in told
        assert "\n" not in told

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
    def test_loopback_is_served(self, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
        monkeypatch.setenv("HOST", host)
        assert Settings.load().host == host

    def test_who_proves_who_they_are_is_served_anywhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104 - nothing listens
        monkeypatch.setenv("API_KEYS", f"reports:read:{DIGEST}")
        settings = Settings.load()
        assert settings.authenticates
        assert not settings.loopback_only

    def test_it_can_be_overridden(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104 - nothing listens
        monkeypatch.setenv("ALLOW_UNAUTHENTICATED", "true")
        assert Settings.load().allow_unauthenticated


class TestAddresses:
    def test_an_allow_list_wants_an_address_that_callers_cannot_make_up(self, refusal: Refusal) -> None:
        told = refusal.of(TRUSTED_PROXIES="*", WITHINGS_WEBHOOK_ALLOW_LIST="fail-closed")
        assert told.startswith("TRUSTED_PROXIES=* ")
        assert "WITHINGS_WEBHOOK_ALLOW_LIST=off" in told


class TestExtendedVitals:
    @pytest.mark.parametrize("value", ["fat-mass,fatmass", "ALL", "fat_mass", "steps"])
    def test_a_name_that_is_not_known_is_told_those_that_are(self, refusal: Refusal, value: str) -> None:
        told = refusal.of(EXTENDED_VITALS=value)
        assert told.startswith("EXTENDED_VITALS: knows only all, and the names active-minutes, ")
        assert all(f" {name}," in told for name in NAMES)
        assert told.endswith("for example EXTENDED_VITALS=fat-mass,muscle-mass")

    def test_a_rule_that_is_not_known_is_told_those_that_are(self, refusal: Refusal) -> None:
        told = refusal.of(ACTIVITY_SOURCES="phones-first")
        assert told.startswith("ACTIVITY_SOURCES: ")
        assert "'trackers-first', 'trackers-only' or 'most-steps'" in told
