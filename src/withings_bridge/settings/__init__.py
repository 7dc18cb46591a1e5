"""Every environment variable the bridge reads, typed, checked at start-up, secrets masked.

The composition root and the CLI read them and hand on what each part needs; nothing else does.
A wrong value stops the start with a message that names the variable, what is wrong, and an example.
"""

from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from withings_bridge.callers import ApiKey, UserPool
from withings_bridge.settings.pool import named_pool, unnamed_pool
from withings_bridge.settings.problems import SettingsError, explain
from withings_bridge.settings.values import (
    ApiKeyEntries,
    BaseUrl,
    FernetKeys,
    Numbers,
    Origins,
    Proxies,
    Secrets,
    Url,
    Words,
    secrets_in,
)

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

SANDBOX_CLIENT_ID = "sandbox"
SANDBOX_CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - printed at start; it guards nothing

SANDBOX_QUOTA = 1200

SCOPES = ("user.info", "user.metrics", "user.activity", "user.sleepevents")
APPLIS = (1, 2, 4, 16, 44, 46, 50, 51, 54)

NOT_YET = "Not acted on yet."


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


class Environment(StrEnum):
    """Where the bridge runs."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


def _of(group: str, description: str, example: str = "", **more: Any) -> dict[str, Any]:
    return {"description": description, "json_schema_extra": {"group": group, "example": example}} | more


class Settings(BaseSettings):
    """The environment of a bridge. Field names are the variables in lower case."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True, frozen=True
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
    extended_vitals: Words = Field(
        (), **_of("Vitals7", f"Metrics outside the app's list to write as rows. {NOT_YET}", "all")
    )

    # CLI
    cognito_user_id: str = Field("", **_of("CLI", "The user meant when none is named."))
    withings_sync_user_id: str = Field("", **_of("CLI", "Older name of the same."))

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        problems = [
            *self._unserved(),
            *self._halves(),
            *self._pool(),
            *self._public(),
            *self._exposure(),
            *self._addresses(),
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """The settings of this process; ``SettingsError`` names every variable that is wrong."""
        try:
            return cls(**overrides)
        except ValidationError as error:
            raise SettingsError(explain(cls, error)) from None

    # What follows from the variables

    @cached_property
    def use_sandbox(self) -> bool:
        """Whether the built-in pretend Withings takes the place of the real one."""
        return not self.withings_client_id

    @cached_property
    def sandbox_port(self) -> int:
        """Where the sandbox listens when it runs beside the bridge."""
        return self.port + 1 if self.port < 65535 else self.port - 1  # noqa: PLR2004 - the last port

    @cached_property
    def sandbox_path(self) -> Path:
        """Where the sandbox keeps its world: beside the embedded store."""
        return self.sqlite_path.with_name("sandbox.db")

    @cached_property
    def sandbox_url(self) -> str:
        return f"http://localhost:{self.sandbox_port}"

    @cached_property
    def api_url(self) -> str:
        """Withings' API, or the sandbox's."""
        return self.sandbox_url if self.use_sandbox else self.withings_api_url

    @cached_property
    def auth_url(self) -> str:
        """Withings' consent page, or the sandbox's."""
        return f"{self.sandbox_url}/oauth2_user/authorize2" if self.use_sandbox else self.withings_auth_url

    @cached_property
    def client_id(self) -> str:
        """Withings' client id, or the sandbox's."""
        return SANDBOX_CLIENT_ID if self.use_sandbox else self.withings_client_id

    @cached_property
    def client_secret(self) -> SecretStr:
        """Withings' client secret, or the sandbox's."""
        return SecretStr(SANDBOX_CLIENT_SECRET) if self.use_sandbox else self.withings_client_secret

    @cached_property
    def quota_per_minute(self) -> int:
        """Calls a minute; the sandbox beside grants more than Withings, or a newcomer would wait."""
        if self.use_sandbox and "withings_quota_per_minute" not in self.model_fields_set:
            return SANDBOX_QUOTA
        return self.withings_quota_per_minute

    @cached_property
    def redirect_uri(self) -> str:
        return self.withings_redirect_uri or f"http://localhost:{self.port}/callback"

    @cached_property
    def webhook_url(self) -> str | None:
        """Where Withings posts to, without the secret; None when no public address is known."""
        base = self.public_webhook_base_url or self.withings_public_base_url
        if self.withings_webhook_url or base:
            return self.withings_webhook_url or f"{base}/webhook/withings"
        return f"http://localhost:{self.port}/webhook/withings" if self.use_sandbox else None

    @cached_property
    def webhook_secrets(self) -> tuple[str, ...]:
        return secrets_in(self.withings_webhook_secret)

    @cached_property
    def encryption_keys(self) -> tuple[str, ...]:
        return secrets_in(self.token_encryption_keys)

    @cached_property
    def known_api_keys(self) -> tuple[ApiKey, ...]:
        return tuple(ApiKey.parse(entry) for entry in secrets_in(self.api_keys))

    @cached_property
    def pool_region(self) -> str:
        return self.cognito_region or self.aws_region

    @cached_property
    def user_pool(self) -> UserPool | None:
        """The Cognito user pool whose tokens are accepted, if there is one."""
        if not self.cognito_user_pool_id:
            return None
        amazons = f"https://cognito-idp.{self.pool_region}.amazonaws.com/{self.cognito_user_pool_id}"
        return UserPool(
            issuer=self.cognito_issuer or amazons,
            client_ids=self.cognito_client_ids,
            operator_group=self.cognito_operator_group,
            operator_scope=self.cognito_operator_scope,
        )

    @cached_property
    def authenticates(self) -> bool:
        """Whether callers must prove who they are."""
        return bool(self.known_api_keys or self.user_pool)

    @cached_property
    def loopback_only(self) -> bool:
        """Whether only who is on this machine is served, for nobody is asked who they are."""
        return not (self.authenticates or self.allow_unauthenticated)

    @cached_property
    def notify_url(self) -> tuple[str, str | None]:
        """Withings' notify service, and a warning where the variable had to be corrected."""
        override = self.withings_notify_api_url
        host = override.removesuffix("/notify").removesuffix("/v2") or self.api_url
        if self.withings_notify_use_v2:
            return f"{host}/v2/notify", (
                "WITHINGS_NOTIFY_USE_V2 is set: Public API tokens are often refused at /v2/notify "
                "(Insufficient_scope)"
            )
        if override and (override.endswith("/v2/notify") or not urlsplit(override).path):
            return f"{host}/notify", (
                f"WITHINGS_NOTIFY_API_URL={override} does not serve Public API tokens; using {host}/notify"
            )
        return override or f"{host}/notify", None

    @cached_property
    def import_windows(self) -> tuple[timedelta, timedelta, timedelta]:
        """How far back the first import goes: measures, activity, sleep."""
        days = (self.withings_measure_days, self.withings_activity_days, self.withings_sleep_days)
        measures, activity, sleep = (timedelta(days=count) for count in days)
        return measures, activity, sleep

    @cached_property
    def default_user(self) -> str | None:
        """The user a command means when none is named."""
        return self.cognito_user_id or self.withings_sync_user_id or None

    def _unserved(self) -> list[str]:
        """Variables that promise protection or data this version does not deliver: better no start."""
        asked = {
            "EXTENDED_VITALS": bool(self.extended_vitals),
        }
        return [
            f"{name} is set, but this version does not act on it yet; unset it"
            for name, on in asked.items()
            if on
        ]

    def _halves(self) -> list[str]:
        problems = []
        if bool(self.withings_client_id) != bool(self.withings_client_secret.get_secret_value()):
            problems.append(
                "WITHINGS_CLIENT_ID and WITHINGS_CLIENT_SECRET belong together; set both or neither"
            )
        if self.use_sandbox and self.environment is Environment.PRODUCTION:
            problems.append(
                "ENVIRONMENT=production never runs on the sandbox; "
                "set WITHINGS_CLIENT_ID and WITHINGS_CLIENT_SECRET of your Withings application"
            )
        return problems

    def _pool(self) -> list[str]:
        if self.cognito_user_pool_id:
            return named_pool(
                self.cognito_user_pool_id,
                region=self.pool_region,
                issuer=self.cognito_issuer,
                client_ids=self.cognito_client_ids,
            )
        return unnamed_pool(
            {
                "COGNITO_CLIENT_IDS": self.cognito_client_ids,
                "COGNITO_REGION": self.cognito_region,
                "COGNITO_ISSUER": self.cognito_issuer,
                "COGNITO_OPERATOR_GROUP": self.cognito_operator_group,
                "COGNITO_OPERATOR_SCOPE": self.cognito_operator_scope,
            }
        )

    def _public(self) -> list[str]:
        """What a public server needs: people, their app and Withings come from outside, and tokens travel."""
        if self.environment is not Environment.PRODUCTION:
            return []
        urls = {
            "WITHINGS_REDIRECT_URI": (self.redirect_uri, "https://bridge.example.org/callback"),
            "WITHINGS_WEBHOOK_URL": (self.webhook_url or "", "https://bridge.example.org/webhook/withings"),
            "FRONTEND_URL": (self.frontend_url, "https://app.example.org/vitals"),
            "WITHINGS_API_URL": (self.withings_api_url, "https://wbsapi.withings.net"),
            "WITHINGS_AUTH_URL": (
                self.withings_auth_url,
                "https://account.withings.com/oauth2_user/authorize2",
            ),
        }
        if self.withings_notify_api_url:
            urls["WITHINGS_NOTIFY_API_URL"] = (
                self.withings_notify_api_url,
                "https://wbsapi.withings.net/notify",
            )
        if self.cognito_issuer:
            urls["COGNITO_ISSUER"] = (self.cognito_issuer, "https://issuer.example.org/pool")
        problems = [
            f"{name}: ENVIRONMENT=production wants https and a host that is not loopback, "
            f"for example {name}={example}"
            for name, (url, example) in urls.items()
            if urlsplit(url).scheme != "https" or urlsplit(url).hostname in LOOPBACK
        ]
        if not any(origin.startswith("https://") for origin in self.allowed_origins):
            problems.append(
                "ALLOWED_ORIGINS: ENVIRONMENT=production wants the https origin of the app that calls, "
                "for example ALLOWED_ORIGINS=https://app.example.org"
            )
        if not self.webhook_secrets:
            problems.append(
                "WITHINGS_WEBHOOK_SECRET: ENVIRONMENT=production wants one, since anybody can post to the "
                "webhook, for example the output of `openssl rand -hex 32`"
            )
        return problems

    def _addresses(self) -> list[str]:
        if self.withings_webhook_allow_list is AllowList.OFF or "*" not in self.trusted_proxies:
            return []
        problem = (
            "TRUSTED_PROXIES=* believes the address that a caller makes up, so WITHINGS_WEBHOOK_ALLOW_LIST "
            "would protect nothing; name the proxies, or set WITHINGS_WEBHOOK_ALLOW_LIST=off"
        )
        return [problem]

    def _exposure(self) -> list[str]:
        if not self.loopback_only:
            return []
        if self.environment is Environment.PRODUCTION:
            problem = (
                "API_KEYS: ENVIRONMENT=production wants callers to prove who they are; set it or "
                "COGNITO_USER_POOL_ID, or ALLOW_UNAUTHENTICATED=true where something else guards the door"
            )
            return [problem]
        if self.host in LOOPBACK:
            return []
        problem = (
            f"HOST={self.host} would serve health data to everybody who reaches it; set "
            "COGNITO_USER_POOL_ID or API_KEYS, keep HOST=127.0.0.1, or set ALLOW_UNAUTHENTICATED=true where "
            "something else guards the door"
        )
        return [problem]
