"""What may do harm in settings that are right, for whoever wants to know: a start does not stop at it."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from withings_bridge.settings.derived import Derived
from withings_bridge.settings.values import LOOPBACK, secrets_in
from withings_bridge.settings.variables import Environment, StorageKind

SHORT_SECRET = 16
"""Letters; a shorter one can be guessed."""


@dataclass(frozen=True, slots=True)
class Risk:
    """One of them. No value of a secret is in it."""

    variable: str
    seen: str
    mend: str


def risks_of(settings: Derived) -> list[Risk]:
    """All of them at once."""
    return [*_callers(settings), *_withings(settings), *_webhook(settings), *_kept(settings)]


def _callers(settings: Derived) -> Iterator[Risk]:
    if not settings.authenticates and settings.allow_unauthenticated and settings.host not in LOOPBACK:
        yield Risk(
            "ALLOW_UNAUTHENTICATED",
            f"whoever reaches {settings.host}:{settings.port} can read everybody's health data",
            "Set API_KEYS or COGNITO_USER_POOL_ID, unless something else guards the door.",
        )
    if settings.environment is not Environment.PRODUCTION and _is_public(settings.redirect_uri):
        yield Risk(
            "ENVIRONMENT",
            "a bridge with a public address runs as in development",
            "Set ENVIRONMENT=production, which demands what a public server needs.",
        )
    if "*" in settings.trusted_proxies:
        yield Risk(
            "TRUSTED_PROXIES",
            "whoever connects may say what address they have",
            "Name the proxies that are yours.",
        )


def _withings(settings: Derived) -> Iterator[Risk]:
    if settings.use_sandbox:
        yield Risk(
            "WITHINGS_CLIENT_ID",
            "it is not set, so the sandbox takes the place of Withings",
            "Set it and WITHINGS_CLIENT_SECRET to those of your Withings application for real people.",
        )
        for name in ("withings_api_url", "withings_auth_url"):
            if name in settings.model_fields_set:
                yield Risk(
                    name.upper(), "it is unused beside the sandbox", "Unset it, or set WITHINGS_CLIENT_ID."
                )
    elif "..." in f"{settings.withings_client_id}{settings.withings_client_secret.get_secret_value()}":
        yield Risk(
            "WITHINGS_CLIENT_ID",
            "it or its secret is an example",
            "Copy both from Withings' developer dashboard.",
        )
    _, warning = settings.notify_url
    if warning:
        yield Risk("WITHINGS_NOTIFY_API_URL", warning, "Unset it and WITHINGS_NOTIFY_USE_V2.")


def _webhook(settings: Derived) -> Iterator[Risk]:
    if settings.use_sandbox or settings.webhook_url is None:
        return
    secrets = settings.webhook_secrets
    if not secrets:
        yield Risk(
            "WITHINGS_WEBHOOK_SECRET",
            "there is none in the webhook URL, so anybody can post there",
            "Set it to the output of `openssl rand -hex 32`.",
        )
    elif len(secrets[0]) < SHORT_SECRET or secrets[0] == "a-long-random-text":
        yield Risk(
            "WITHINGS_WEBHOOK_SECRET",
            "it is an example, or short enough to be guessed",
            "Put the output of `openssl rand -hex 32` and a comma before it.",
        )
    if settings.withings_webhook_accept_bare:
        yield Risk(
            "WITHINGS_WEBHOOK_ACCEPT_BARE",
            "notifications without the secret are taken, too",
            "Unset it when the subscriptions of the predecessor are gone.",
        )


def _kept(settings: Derived) -> Iterator[Risk]:
    if not secrets_in(settings.token_encryption_keys) and not settings.use_sandbox:
        yield Risk(
            "TOKEN_ENCRYPTION_KEYS",
            "whoever reads the store has the tokens of everybody",
            "Set it to the output of `openssl rand -base64 32 | tr +/ -_`, and run `withings-bridge keys "
            "rotate`.",
        )
    if settings.storage is StorageKind.SQLITE and settings.environment is Environment.PRODUCTION:
        yield Risk(
            "STORAGE",
            "an embedded store serves one machine alone, and Vitals7 does not read it",
            "Set STORAGE=dynamodb where Vitals7 is to see the readings.",
        )
    if (
        settings.vitals_realtime_gateway_url
        and not settings.vitals_realtime_gateway_secret.get_secret_value()
    ):
        yield Risk(
            "VITALS_REALTIME_GATEWAY_SECRET",
            "the gateway is told without it, and will refuse",
            "Set it as the gateway has it.",
        )


def _is_public(url: str) -> bool:
    return urlsplit(url).hostname not in LOOPBACK
