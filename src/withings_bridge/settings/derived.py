"""What follows from the variables: what the parts of a bridge are given."""

import ipaddress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from withings_bridge.callers import ApiKey, UserPool
from withings_bridge.domain.extended import NAMES
from withings_bridge.domain.mapping import RowMapping
from withings_bridge.settings.values import ALL, LOOPBACK, secrets_in
from withings_bridge.settings.variables import Variables

SANDBOX_CLIENT_ID = "sandbox"
SANDBOX_CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - printed at start; it guards nothing

SANDBOX_QUOTA = 1200


class Derived(Variables):
    """The variables, and what they come to."""

    @cached_property
    def use_sandbox(self) -> bool:
        """Whether the built-in pretend Withings takes the place of the real one."""
        return not self.withings_client_id

    @cached_property
    def withings_is_pretend(self) -> bool:
        """Whether Withings is a pretend one: the built-in, or WITHINGS_API_URL names one on this machine."""
        return self.use_sandbox or urlsplit(self.withings_api_url).hostname in LOOPBACK

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
    def local_url(self) -> str:
        """Where the bridge is reached from its own machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - what is listened on
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

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
    def loopback_is_here(self) -> bool:
        """Whether who calls from loopback, without a proxy's word, can be taken to be on this machine.

        A bridge that listens on loopback alone is reached from outside by a proxy on this machine. One that
        ``TRUSTED_PROXIES`` names tells for whom it calls; another may not.
        """
        proxies = self.trusted_proxies
        return self.host not in LOOPBACK or "*" in proxies or any(map(_holds_loopback, proxies))

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
    def row_mapping(self) -> RowMapping:
        """What rows records become."""
        names = NAMES if ALL in self.extended_vitals else self.extended_vitals
        return RowMapping(frozenset(names), self.activity_sources)

    @cached_property
    def default_user(self) -> str | None:
        """The user a command means when none is named."""
        return self.cognito_user_id or self.withings_sync_user_id or None


def _holds_loopback(proxies: str) -> bool:
    network = ipaddress.ip_network(proxies)
    return any(ipaddress.ip_address(address) in network for address in ("127.0.0.1", "::1"))
