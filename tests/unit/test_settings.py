"""What the environment says when it is right. ``test_settings_refused`` has what is wrong with it."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from withings_bridge.domain.extended import NAMES
from withings_bridge.domain.mapping import RowMapping, Sources
from withings_bridge.settings import APPLIS, Settings

CONTRACT = {
    "PORT": 5001,
    "WITHINGS_CLIENT_ID": "",
    "WITHINGS_CLIENT_SECRET": "",
    "WITHINGS_REDIRECT_URI": "",
    "WITHINGS_SCOPES": ("user.info", "user.metrics", "user.activity", "user.sleepevents"),
    "WITHINGS_WEBHOOK_URL": "",
    "PUBLIC_WEBHOOK_BASE_URL": "",
    "WITHINGS_PUBLIC_BASE_URL": "",
    "WITHINGS_NOTIFY_API_URL": "",
    "WITHINGS_NOTIFY_USE_V2": False,
    "WITHINGS_NOTIFY_APPLIS": (1, 2, 4, 16, 44, 46, 50, 51, 54),
    "WITHINGS_ACTIVITY_DAYS": 90,
    "WITHINGS_SLEEP_DAYS": 90,
    "WITHINGS_MEASURE_DAYS": 365,
    "WITHINGS_API_MAX_PAGES": 100,
    "VITALS_REALTIME_GATEWAY_URL": "",
    "VITALS_REALTIME_GATEWAY_SECRET": "",
    "COGNITO_USER_ID": "",
    "WITHINGS_SYNC_USER_ID": "",
    "AWS_REGION": "us-east-1",
    "AWS_DYNAMODB_ENDPOINT": "",
    "AUTO_CREATE_DYNAMODB_TABLES": True,
    "TOKENS_TABLE": "vitals-di-tokens",
    "USER_VITALS_TABLE": "user_vitals",
    "WITHINGS_API_URL": "https://wbsapi.withings.net",
    "WITHINGS_AUTH_URL": "https://account.withings.com/oauth2_user/authorize2",
    "HOST": "127.0.0.1",
    "STORAGE": "sqlite",
    "SQLITE_PATH": Path("data/withings-bridge.db"),
    "ENVIRONMENT": "development",
    "FRONTEND_URL": "http://localhost:5173/vitals",
    "ALLOWED_ORIGINS": (),
    "ALLOW_UNAUTHENTICATED": False,
    "API_KEYS": "",
    "COGNITO_REGION": "",
    "COGNITO_USER_POOL_ID": "",
    "COGNITO_CLIENT_IDS": (),
    "WITHINGS_WEBHOOK_SECRET": "",
    "WITHINGS_WEBHOOK_ACCEPT_BARE": False,
    "TOKEN_ENCRYPTION_KEYS": "",
    "WITHINGS_QUOTA_PER_MINUTE": 120,
    "RECONCILE_HOURS": 6,
    "SHUTDOWN_GRACE_SECONDS": 8,
    "EXTENDED_VITALS": (),
    "ACCOUNTS_TABLE": "withings-bridge-accounts",
    "RECORDS_TABLE": "withings-bridge-records",
    "EPHEMERA_TABLE": "withings-bridge-ephemera",
    "TRAIL_TABLE": "withings-bridge-trail",
}
"""Every variable of Vitals7's wire contract and of the design; where they name no default, ours."""

SOME = frozenset({"fat-mass", "hydration"})

CREDENTIALS = {"withings_client_id": "id", "withings_client_secret": "secret"}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing set, and no ``.env`` in the working folder."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


class TestVariables:
    @pytest.mark.parametrize("name", CONTRACT)
    def test_every_agreed_variable_has_its_default(self, name: str) -> None:
        value = getattr(Settings.load(), name.lower())
        assert (value.get_secret_value() if isinstance(value, SecretStr) else value) == CONTRACT[name]

    def test_beyond_those_there_are_few(self) -> None:
        assert {name.upper() for name in Settings.model_fields} - set(CONTRACT) == {
            "ACTIVITY_SOURCES",
            "API_RATE_LIMIT_PER_MINUTE",
            "COGNITO_ISSUER",
            "COGNITO_OPERATOR_GROUP",
            "COGNITO_OPERATOR_SCOPE",
            "LOG_LEVEL",
            "SHUTDOWN_DRAIN_SECONDS",
            "SUBSCRIBE_SPACING_SECONDS",
            "TRUSTED_PROXIES",
            "WITHINGS_INTRADAY",
            "WITHINGS_SLEEP_DETAIL",
            "WITHINGS_WEBHOOK_ALLOW_LIST",
            "WITHINGS_WEBHOOK_ALLOW_RECORDS",
        }

    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("PORT", "8080", 8080),
            ("WITHINGS_NOTIFY_USE_V2", "1", True),
            ("WITHINGS_NOTIFY_APPLIS", "1, 4 ,16", (1, 4, 16)),
            ("WITHINGS_SCOPES", "user.info, user.metrics,", ("user.info", "user.metrics")),
            ("ALLOWED_ORIGINS", "https://a.example.org,http://localhost:5173", None),
            ("AUTO_CREATE_DYNAMODB_TABLES", "false", False),
            ("RECONCILE_HOURS", "0.25", 0.25),
            ("SHUTDOWN_GRACE_SECONDS", "0", 0),
            ("STORAGE", "dynamodb", "dynamodb"),
            ("SQLITE_PATH", "/srv/bridge.db", Path("/srv/bridge.db")),
        ],
    )
    def test_the_environment_is_read(
        self, monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object
    ) -> None:
        monkeypatch.setenv(name, text)
        expected = tuple(text.split(",")) if value is None else value
        assert getattr(Settings.load(), name.lower()) == expected

    def test_an_empty_variable_is_an_unset_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PORT", "")
        monkeypatch.setenv("WITHINGS_NOTIFY_APPLIS", "")
        settings = Settings.load()
        assert settings.port == 5001
        assert settings.withings_notify_applis == APPLIS

    def test_a_file_named_env_is_read_from_the_working_folder(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("PORT=6001\n# a remark\nFRONTEND_URL='https://app.example.org/v'\n")
        settings = Settings.load()
        assert settings.port == 6001
        assert settings.frontend_url == "https://app.example.org/v"

    def test_the_environment_goes_before_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".env").write_text("PORT=6001\n")
        monkeypatch.setenv("PORT", "6002")
        assert Settings.load().port == 6002

    def test_what_a_command_says_goes_before_both(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PORT", "6002")
        assert Settings.load(port=6003).port == 6003

    def test_variables_of_others_are_none_of_our_business(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".env").write_text("FITBIT_CLIENT_ID=abc\n")
        monkeypatch.setenv("WITHINGS_SOMETHING_NEW", "1")
        assert Settings.load().port == 5001


class TestSecrets:
    KEYS = Fernet.generate_key().decode(), Fernet.generate_key().decode()

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings.load(
            withings_client_id="id",
            withings_client_secret="hush-client",
            withings_webhook_secret="hush-first, hush-second",
            vitals_realtime_gateway_secret="hush-gateway",
            token_encryption_keys=",".join(self.KEYS),
        )

    def test_no_way_to_print_settings_shows_one(self, settings: Settings) -> None:
        for shown in (repr(settings), str(settings), f"{settings.model_dump()}", settings.model_dump_json()):
            assert "hush" not in shown
            assert not any(key in shown for key in self.KEYS)

    def test_every_variable_with_secret_or_key_in_its_name_is_masked(self) -> None:
        named = [name for name in Settings.model_fields if "secret" in name or "key" in name]
        assert len(named) == 5
        assert all(isinstance(getattr(Settings.load(), name), SecretStr) for name in named)

    def test_lists_of_secrets_are_split(self, settings: Settings) -> None:
        assert settings.webhook_secrets == ("hush-first", "hush-second")
        assert settings.encryption_keys == self.KEYS

    def test_without_secrets_the_lists_are_empty(self) -> None:
        assert Settings.load().webhook_secrets == ()
        assert Settings.load().encryption_keys == ()


class TestTheUserPool:
    AMAZONS = Settings(
        _env_file=None,
        cognito_user_pool_id="us-east-1_a1B2c3D4e",
        cognito_client_ids=("client-1", "client-2"),
    )

    def test_is_amazons_by_its_id(self) -> None:
        pool = self.AMAZONS.user_pool
        assert pool is not None
        assert pool.issuer == "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_a1B2c3D4e"
        assert pool.keys_url == f"{pool.issuer}/.well-known/jwks.json"
        assert pool.client_ids == ("client-1", "client-2")
        assert (pool.operator_group, pool.operator_scope) == ("", "")

    def test_may_be_in_another_region_than_the_tables(self) -> None:
        pool = Settings.load(
            cognito_user_pool_id="eu-west-1_a1B2c3D4e",
            cognito_region="eu-west-1",
            cognito_client_ids="client-1",
        ).user_pool
        assert pool is not None
        assert pool.issuer == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a1B2c3D4e"

    def test_is_otherwise_in_theirs(self) -> None:
        pool = Settings.load(
            cognito_user_pool_id="eu-west-1_a1B2c3D4e", aws_region="eu-west-1", cognito_client_ids="client-1"
        ).user_pool
        assert pool is not None
        assert "eu-west-1." in pool.issuer

    def test_may_be_somebody_elses(self) -> None:
        pool = Settings.load(
            cognito_user_pool_id="local_1",
            cognito_client_ids="client-1",
            cognito_issuer="http://localhost:9229/local_1/",
        ).user_pool
        assert pool is not None
        assert pool.keys_url == "http://localhost:9229/local_1/.well-known/jwks.json"

    def test_says_who_is_an_operator(self) -> None:
        pool = Settings.load(
            cognito_user_pool_id="us-east-1_a1B2c3D4e",
            cognito_client_ids="client-1",
            cognito_operator_group="bridge-operators",
            cognito_operator_scope="withings-bridge/admin",
        ).user_pool
        assert pool is not None
        assert (pool.operator_group, pool.operator_scope) == ("bridge-operators", "withings-bridge/admin")

    def test_makes_callers_prove_who_they_are(self) -> None:
        assert self.AMAZONS.authenticates
        assert not self.AMAZONS.loopback_only

    def test_is_none_unless_it_is_named(self) -> None:
        assert Settings.load().user_pool is None
        assert not Settings.load().authenticates


class TestWithings:
    def test_without_credentials_the_sandbox_takes_its_place(self) -> None:
        settings = Settings.load(port=6000)
        assert settings.use_sandbox
        assert settings.api_url == "http://localhost:6001"
        assert settings.auth_url == "http://localhost:6001/oauth2_user/authorize2"
        assert settings.webhook_url == "http://localhost:6000/webhook/withings"
        assert settings.client_id
        assert settings.client_secret.get_secret_value()

    def test_with_credentials_it_is_withings(self) -> None:
        settings = Settings.load(**CREDENTIALS)
        assert not settings.use_sandbox
        assert settings.api_url == "https://wbsapi.withings.net"
        assert settings.auth_url == "https://account.withings.com/oauth2_user/authorize2"
        assert settings.client_id == "id"
        assert settings.client_secret.get_secret_value() == "secret"

    def test_the_sandbox_grants_more_calls_than_withings_unless_told_otherwise(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert Settings.load().quota_per_minute == 1200
        assert Settings.load(withings_client_id="i", withings_client_secret="s").quota_per_minute == 120
        monkeypatch.setenv("WITHINGS_QUOTA_PER_MINUTE", "60")
        assert Settings.load().quota_per_minute == 60

    def test_the_sandbox_stays_within_the_ports_there_are(self) -> None:
        assert Settings.load(port=65535).sandbox_port == 65534

    def test_the_sandboxs_world_lies_beside_the_store(self) -> None:
        assert Settings.load(sqlite_path=Path("/srv/b/bridge.db")).sandbox_path == Path("/srv/b/sandbox.db")

    def test_another_cloud_is_two_variables_away(self) -> None:
        settings = Settings.load(
            **CREDENTIALS,
            withings_api_url="https://wbsapi.us.withingsmed.net/",
            withings_auth_url="https://account.us.withingsmed.com/oauth2_user/authorize2",
        )
        assert settings.api_url == "https://wbsapi.us.withingsmed.net"
        assert settings.auth_url == "https://account.us.withingsmed.com/oauth2_user/authorize2"

    def test_import_windows_are_those_of_measures_activity_and_sleep(self) -> None:
        settings = Settings.load(withings_measure_days=7, withings_activity_days=8, withings_sleep_days=9)
        assert settings.import_windows == (timedelta(days=7), timedelta(days=8), timedelta(days=9))


class TestAddresses:
    def test_the_redirect_uri_follows_the_port(self) -> None:
        assert Settings.load(port=6000).redirect_uri == "http://localhost:6000/callback"

    @pytest.mark.parametrize(
        "uri", ["https://bridge.example.org/callback/", "https://bridge.example.org/callback?via=a"]
    )
    def test_a_redirect_uri_is_kept_to_the_letter(self, uri: str) -> None:
        """Withings compares it with the registered one."""
        assert Settings.load(withings_redirect_uri=uri).redirect_uri == uri

    @pytest.mark.parametrize(
        ("given", "webhook_url"),
        [
            ({}, None),
            ({"withings_webhook_url": "https://a.example.org/w/"}, "https://a.example.org/w/"),
            (
                {"public_webhook_base_url": "https://a.example.org/"},
                "https://a.example.org/webhook/withings",
            ),
            (
                {"withings_public_base_url": "https://b.example.org/x"},
                "https://b.example.org/x/webhook/withings",
            ),
            (
                {
                    "public_webhook_base_url": "https://a.example.org",
                    "withings_public_base_url": "https://b.example.org",
                },
                "https://a.example.org/webhook/withings",
            ),
            (
                {
                    "withings_webhook_url": "https://c.example.org/hook",
                    "public_webhook_base_url": "https://a.example.org",
                },
                "https://c.example.org/hook",
            ),
        ],
    )
    def test_the_webhook_url_is_given_or_made_of_a_base(
        self, given: dict[str, str], webhook_url: str | None
    ) -> None:
        assert Settings.load(**CREDENTIALS, **given).webhook_url == webhook_url

    @pytest.mark.parametrize(
        ("given", "notify_url", "warned"),
        [
            ({}, "https://wbsapi.withings.net/notify", False),
            ({"withings_api_url": "http://127.0.0.1:5002"}, "http://127.0.0.1:5002/notify", False),
            ({"withings_notify_api_url": "https://w.example/notify"}, "https://w.example/notify", False),
            ({"withings_notify_api_url": "https://w.example/notify/"}, "https://w.example/notify", False),
            ({"withings_notify_api_url": "https://w.example/p/n"}, "https://w.example/p/n", False),
            ({"withings_notify_api_url": "https://w.example"}, "https://w.example/notify", True),
            ({"withings_notify_api_url": "https://w.example/"}, "https://w.example/notify", True),
            ({"withings_notify_api_url": "https://w.example/v2/notify"}, "https://w.example/notify", True),
            ({"withings_notify_use_v2": True}, "https://wbsapi.withings.net/v2/notify", True),
            (
                {"withings_notify_use_v2": True, "withings_notify_api_url": "https://w.example/v2/notify"},
                "https://w.example/v2/notify",
                True,
            ),
            (
                {"withings_notify_use_v2": True, "withings_notify_api_url": "https://w.example/notify"},
                "https://w.example/v2/notify",
                True,
            ),
        ],
    )
    def test_the_notify_service_is_where_public_api_tokens_are_served(
        self, given: dict[str, object], notify_url: str, *, warned: bool
    ) -> None:
        url, warning = Settings.load(**CREDENTIALS, **given).notify_url
        assert url == notify_url
        assert bool(warning) == warned

    def test_the_warning_names_the_variable_and_the_address_taken(self) -> None:
        settings = Settings.load(**CREDENTIALS, withings_notify_api_url="https://w.example/v2/notify")
        _, warning = settings.notify_url
        assert "WITHINGS_NOTIFY_API_URL" in (warning or "")
        assert "https://w.example/notify" in (warning or "")
        _, forced = Settings.load(**CREDENTIALS, withings_notify_use_v2=True).notify_url
        assert "Insufficient_scope" in (forced or "")


class TestLogLevel:
    @pytest.mark.parametrize(
        ("given", "number"), [("debug", logging.DEBUG), ("WARNING", logging.WARNING), ("", logging.INFO)]
    )
    def test_is_what_the_variable_says_in_letters_of_any_size(
        self, monkeypatch: pytest.MonkeyPatch, given: str, number: int
    ) -> None:
        monkeypatch.setenv("LOG_LEVEL", given)
        assert Settings.load().log_level.number == number


class TestDefaultUser:
    def test_there_is_none_unless_told(self) -> None:
        assert Settings.load().default_user is None

    def test_either_variable_names_it_the_newer_one_first(self) -> None:
        assert Settings.load(withings_sync_user_id="old").default_user == "old"
        assert Settings.load(withings_sync_user_id="old", cognito_user_id="new").default_user == "new"


class TestRowMapping:
    @pytest.mark.parametrize(
        ("names", "sources", "mapping"),
        [
            ("", "", RowMapping()),
            ("all", "", RowMapping(frozenset(NAMES))),
            ("fat-mass, all", "", RowMapping(frozenset(NAMES))),
            ("fat-mass, hydration", "most-steps", RowMapping(SOME, Sources.MOST_STEPS)),
        ],
    )
    def test_is_what_the_variables_say(
        self, monkeypatch: pytest.MonkeyPatch, names: str, sources: str, mapping: RowMapping
    ) -> None:
        monkeypatch.setenv("EXTENDED_VITALS", names)
        monkeypatch.setenv("ACTIVITY_SOURCES", sources)
        assert Settings.load().row_mapping == mapping
