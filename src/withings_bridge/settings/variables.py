"""The variables themselves, in their groups: name, type, default, meaning, example."""

import logging
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from withings_bridge.domain.mapping import Sources
from withings_bridge.settings.values import (
    ApiKeyEntries,
    BaseUrl,
    ExtendedNames,
    FernetKeys,
    Numbers,
    Origins,
    Proxies,
    Secrets,
    Url,
    Words,
)

SCOPES = ("user.info", "user.metrics", "user.activity", "user.sleepevents")
APPLIS = (1, 2, 4, 16, 44, 46, 50, 51, 54)


class StorageKind(StrEnum):
    """The engines the bridge can keep its data in."""

    SQLITE = "sqlite"
    DYNAMODB = "dynamodb"


class AllowList(StrEnum):
    """From where notifications are taken."""

    OFF = "off"
    """From anywhere."""
    FAIL_OPEN = "fail-open"
    """From Withings' addresses; from anywhere while they could not be read."""
    FAIL_CLOSED = "fail-closed"
    """From Withings' addresses alone."""


class LogLevel(StrEnum):
    """From which level on lines are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @classmethod
    def _missing_(cls, value: object) -> "LogLevel | None":
        return next((level for level in cls if isinstance(value, str) and level == value.lower()), None)

    @property
    def number(self) -> int:
        """As ``logging`` counts levels."""
        return logging.getLevelNamesMapping()[self.name]


class Environment(StrEnum):
    """Where the bridge runs."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


def _of(group: str, description: str, example: str = "", **more: Any) -> dict[str, Any]:
    return {"description": description, "json_schema_extra": {"group": group, "example": example}} | more


class Variables(BaseSettings):
    """The environment of a bridge. Field names are the variables in lower case."""

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        frozen=True,
        defer_build=True,  # once, when settings are read, rather than for each class on the way to them
    )

    # The server
    port: int = Field(5001, ge=1, le=65535, **_of("Server", "Port to listen on.", "5001"))
    host: str = Field("127.0.0.1", **_of("Server", "Address to listen on.", "0.0.0.0"))  # noqa: S104 - an example
    environment: Environment = Field(
        Environment.DEVELOPMENT,
        **_of(
            "Server",
            "`production` demands what a public server needs, and says what is missing.",
            "production",
        ),
    )
    log_level: LogLevel = Field(
        LogLevel.INFO,
        **_of("Server", "What is logged: `debug`, `info`, `warning` or `error`, and what is worse.", "info"),
    )
    frontend_url: Url = Field(
        "http://localhost:5173/vitals",
        **_of("Server", "Where people go back to after connecting.", "https://app.example.org/vitals"),
    )
    trusted_proxies: Proxies = Field(
        (),
        **_of(
            "Server",
            "Proxies in front whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses and "
            "networks. Of the addresses passed on, the last that is not theirs is the caller's. `*` believes "
            "whoever connects, and the first address, which callers can make up.",
            "10.0.0.0/8",
        ),
    )
    shutdown_grace_seconds: float = Field(
        8, ge=0, le=300, **_of("Server", "How long a stop waits for work that is under way.", "8")
    )
    shutdown_drain_seconds: float = Field(
        0,
        ge=0,
        le=120,
        **_of(
            "Server",
            "How long a bridge that is told to stop goes on answering first, while `/ready` says 503: longer "
            "than the balancer in front takes to look elsewhere. 0 where it does before, as Render's.",
            "5",
        ),
    )
    allow_unauthenticated: bool = Field(
        False,
        **_of("Server", "Serve everybody who can reach an address that is not loopback.", "true"),
    )

    # Withings
    withings_client_id: str = Field(
        "", **_of("Withings", "Client id of your Withings application. Unset: the sandbox.", "0123abcd...")
    )
    withings_client_secret: SecretStr = Field(SecretStr(""), **_of("Withings", "Its secret.", "4567cdef..."))
    withings_redirect_uri: Url = Field(
        "",
        **_of(
            "Withings",
            "Callback registered with Withings. Default `http://localhost:{PORT}/callback`.",
            "https://bridge.example.org/callback",
        ),
    )
    withings_scopes: Words = Field(SCOPES, **_of("Withings", "Scopes to ask for.", ",".join(SCOPES)))
    withings_api_url: BaseUrl = Field(
        "https://wbsapi.withings.net", **_of("Withings", "API host of your Withings cloud.")
    )
    withings_auth_url: Url = Field(
        "https://account.withings.com/oauth2_user/authorize2",
        **_of("Withings", "Consent page of your Withings cloud."),
    )
    withings_webhook_url: Url = Field(
        "",
        **_of(
            "Withings",
            "Public URL that Withings posts notifications to. Unset: none are subscribed.",
            "https://bridge.example.org/webhook/withings",
        ),
    )
    public_webhook_base_url: BaseUrl = Field(
        "", **_of("Withings", "Its base, when the path is the usual one.", "https://bridge.example.org")
    )
    withings_public_base_url: BaseUrl = Field(
        "", **_of("Withings", "Older name of the same.", "https://bridge.example.org")
    )
    withings_webhook_secret: Secrets = Field(
        SecretStr(""),
        **_of(
            "Withings",
            "Secret in the callback URL. Of a comma-separated list the first is given out, all are accepted.",
            "a-long-random-text",
        ),
    )
    withings_webhook_accept_bare: bool = Field(
        False, **_of("Withings", "Also accept notifications without the secret, while migrating.", "true")
    )
    withings_webhook_allow_list: AllowList = Field(
        AllowList.OFF,
        **_of(
            "Withings",
            "`fail-open` or `fail-closed`: take notifications from the addresses alone that Withings "
            "publishes in DNS, and while these could not be read, from anywhere or from nowhere. Behind a "
            "proxy it needs `TRUSTED_PROXIES`.",
            "fail-open",
        ),
    )
    withings_webhook_allow_records: Words = Field(
        ("ipblock-notify.withings.net", "ipblock-front.withings.net"),
        **_of("Withings", "TXT records with these addresses. Those of the US cloud are elsewhere."),
    )
    withings_notify_api_url: BaseUrl = Field(
        "",
        **_of(
            "Withings",
            "Notify service. Default `{WITHINGS_API_URL}/notify`.",
            "https://wbsapi.withings.net/notify",
        ),
    )
    withings_notify_use_v2: bool = Field(
        False, **_of("Withings", "Force `/v2/notify`, which often answers Insufficient_scope.", "1")
    )
    withings_notify_applis: Numbers = Field(
        APPLIS, **_of("Withings", "Notification categories to subscribe.", ",".join(map(str, APPLIS)))
    )
    subscribe_spacing_seconds: float = Field(
        5, ge=0, le=60, **_of("Withings", "Pause between two subscribe calls; bursts fail more often.", "5")
    )

    # Import and sync
    withings_measure_days: int = Field(
        365, ge=1, le=36500, **_of("Sync", "Days of measures in the first import.", "365")
    )
    withings_activity_days: int = Field(
        90, ge=1, le=36500, **_of("Sync", "Days of activity and workouts in the first import.", "90")
    )
    withings_sleep_days: int = Field(
        90, ge=1, le=36500, **_of("Sync", "Days of sleep in the first import.", "90")
    )
    withings_intraday: bool = Field(
        False,
        **_of(
            "Sync",
            "Fetch what trackers sampled within each day, too. It costs a call for each day that changed, "
            "or is imported.",
            "true",
        ),
    )
    withings_sleep_detail: bool = Field(
        False,
        **_of(
            "Sync",
            "Fetch the stages of each night with heart rate, respiration and snoring, too. It costs a call "
            "for each night that changed, or is imported.",
            "true",
        ),
    )
    withings_api_max_pages: int = Field(
        100, ge=1, **_of("Sync", "Pages of an import that one turn fetches; the next turn goes on.", "100")
    )

    # Storage
    storage: StorageKind = Field(StorageKind.SQLITE, **_of("Storage", "`sqlite` or `dynamodb`.", "dynamodb"))
    sqlite_path: Path = Field(
        Path("data/withings-bridge.db"), **_of("Storage", "The embedded store's file.", "/var/lib/bridge.db")
    )
    aws_region: str = Field("us-east-1", **_of("Storage", "Region of the tables.", "eu-west-1"))
    aws_dynamodb_endpoint: BaseUrl = Field(
        "", **_of("Storage", "Another DynamoDB endpoint.", "http://127.0.0.1:8000")
    )
    auto_create_dynamodb_tables: bool = Field(
        True, **_of("Storage", "Create missing tables at start-up.", "false")
    )
    tokens_table: str = Field(
        "vitals-di-tokens", **_of("Storage", "Token rows, shared with other connectors.")
    )
    user_vitals_table: str = Field("user_vitals", **_of("Storage", "Rows that Vitals7 reads."))
    accounts_table: str = Field("withings-bridge-accounts", **_of("Storage", "The bridge's accounts."))
    records_table: str = Field("withings-bridge-records", **_of("Storage", "Withings' records."))
    ephemera_table: str = Field("withings-bridge-ephemera", **_of("Storage", "States, locks, marks."))
    trail_table: str = Field("withings-bridge-trail", **_of("Storage", "What happened lately."))
    token_encryption_keys: FernetKeys = Field(
        SecretStr(""),
        **_of("Storage", "Fernet keys, comma-separated: the first encrypts, all decrypt."),
    )

    # Realtime gateway
    vitals_realtime_gateway_url: BaseUrl = Field(
        "", **_of("Gateway", "Realtime gateway to tell after a change. Unset: off.", "http://gateway:8080")
    )
    vitals_realtime_gateway_secret: SecretStr = Field(
        SecretStr(""), **_of("Gateway", "Its `X-Gateway-Secret`.")
    )

    # Callers
    allowed_origins: Origins = Field(
        (),
        **_of(
            "Callers",
            "Browser origins that may call the API. Unset, on loopback: local ones.",
            "https://app.example.org",
        ),
    )
    api_keys: ApiKeyEntries = Field(
        SecretStr(""),
        **_of(
            "Callers", "Keys of services and operators: what `withings-bridge keys new` prints, by commas."
        ),
    )
    api_rate_limit_per_minute: int = Field(
        600,
        ge=1,
        **_of(
            "Callers",
            "Calls a minute that each replica takes of one caller. Off while the bridge is open.",
            "600",
        ),
    )
    cognito_user_pool_id: str = Field(
        "",
        **_of("Callers", "Cognito user pool whose users may call with their tokens.", "us-east-1_a1B2c3D4e"),
    )
    cognito_client_ids: Words = Field(
        (),
        **_of(
            "Callers",
            "App clients of the pool whose tokens are accepted. Required with a pool.",
            "7example1client2id3",
        ),
    )
    cognito_region: str = Field(
        "", **_of("Callers", "Region of the pool. Default `AWS_REGION`.", "eu-west-1")
    )
    cognito_issuer: BaseUrl = Field(
        "",
        **_of(
            "Callers",
            "Issuer of the tokens, where the pool is not Amazon's own.",
            "http://localhost:9229/local_1",
        ),
    )
    cognito_operator_group: str = Field(
        "",
        **_of(
            "Callers", "Group of the pool whose members are operators. Unset: nobody is.", "bridge-operators"
        ),
    )
    cognito_operator_scope: str = Field(
        "",
        **_of(
            "Callers",
            "OAuth scope of access tokens of operators, also of machines. Unset: nobody is.",
            "withings-bridge/admin",
        ),
    )

    # Quota and reconciliation
    withings_quota_per_minute: int = Field(
        120,
        ge=1,
        **_of(
            "Quota", "Calls a minute that Withings grants the application. Beside the sandbox: 1200.", "120"
        ),
    )
    reconcile_hours: float = Field(
        6, gt=0, **_of("Quota", "Hours after which an account is compared with Withings again.", "6")
    )

    # Vitals7
    extended_vitals: ExtendedNames = Field(
        (),
        **_of(
            "Vitals7",
            "Names of rows to write beyond those the app knows, or `all`. Only where every reader of "
            "`user_vitals` can take them: the app breaks on a vital type it does not know.",
            "fat-mass,muscle-mass",
        ),
    )
    activity_sources: Sources = Field(
        Sources.TRACKERS_FIRST,
        **_of(
            "Vitals7",
            "Whose count of a day is written where several devices counted: `trackers-first` (a phone's only "
            "on days without a tracker's), `trackers-only` or `most-steps`.",
            "trackers-first",
        ),
    )

    # CLI
    cognito_user_id: str = Field("", **_of("CLI", "The user meant when none is named."))
    withings_sync_user_id: str = Field("", **_of("CLI", "Older name of the same."))
