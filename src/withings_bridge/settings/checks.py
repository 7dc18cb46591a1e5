"""What is wrong with the variables taken together, one line a problem."""

from urllib.parse import parse_qs, urlsplit

from withings_bridge.settings.derived import Derived
from withings_bridge.settings.pool import named_pool, unnamed_pool
from withings_bridge.settings.values import LOOPBACK
from withings_bridge.settings.variables import AllowList, Environment


def problems_of(settings: Derived) -> list[str]:
    """All of them at once; none where a bridge can start."""
    return [
        *_halves(settings),
        *_pool(settings),
        *_public(settings),
        *_exposure(settings),
        *_addresses(settings),
        *_pasted_secret(settings),
    ]


def _halves(settings: Derived) -> list[str]:
    problems = []
    if bool(settings.withings_client_id) != bool(settings.withings_client_secret.get_secret_value()):
        problems.append("WITHINGS_CLIENT_ID and WITHINGS_CLIENT_SECRET belong together; set both or neither")
    if settings.use_sandbox and settings.environment is Environment.PRODUCTION:
        problems.append(
            "ENVIRONMENT=production never runs on the sandbox; "
            "set WITHINGS_CLIENT_ID and WITHINGS_CLIENT_SECRET of your Withings application"
        )
    return problems


def _pool(settings: Derived) -> list[str]:
    if settings.cognito_user_pool_id:
        return named_pool(
            settings.cognito_user_pool_id,
            region=settings.pool_region,
            issuer=settings.cognito_issuer,
            client_ids=settings.cognito_client_ids,
        )
    return unnamed_pool(
        {
            "COGNITO_CLIENT_IDS": settings.cognito_client_ids,
            "COGNITO_REGION": settings.cognito_region,
            "COGNITO_ISSUER": settings.cognito_issuer,
            "COGNITO_OPERATOR_GROUP": settings.cognito_operator_group,
            "COGNITO_OPERATOR_SCOPE": settings.cognito_operator_scope,
        }
    )


def _public(settings: Derived) -> list[str]:
    """What a public server needs: people, their app and Withings come from outside, and tokens travel."""
    if settings.environment is not Environment.PRODUCTION:
        return []
    urls = {
        "WITHINGS_REDIRECT_URI": (settings.redirect_uri, "https://bridge.example.org/callback"),
        "WITHINGS_WEBHOOK_URL": (settings.webhook_url or "", "https://bridge.example.org/webhook/withings"),
        "FRONTEND_URL": (settings.frontend_url, "https://app.example.org/vitals"),
        "WITHINGS_API_URL": (settings.withings_api_url, "https://wbsapi.withings.net"),
        "WITHINGS_AUTH_URL": (
            settings.withings_auth_url,
            "https://account.withings.com/oauth2_user/authorize2",
        ),
    }
    if settings.withings_notify_api_url:
        urls["WITHINGS_NOTIFY_API_URL"] = (
            settings.withings_notify_api_url,
            "https://wbsapi.withings.net/notify",
        )
    if settings.cognito_issuer:
        urls["COGNITO_ISSUER"] = (settings.cognito_issuer, "https://issuer.example.org/pool")
    problems = [
        f"{name}: ENVIRONMENT=production wants https and a host that is not loopback, "
        f"for example {name}={example}"
        for name, (url, example) in urls.items()
        if urlsplit(url).scheme != "https" or urlsplit(url).hostname in LOOPBACK
    ]
    if not any(origin.startswith("https://") for origin in settings.allowed_origins):
        problems.append(
            "ALLOWED_ORIGINS: ENVIRONMENT=production wants the https origin of the app that calls, "
            "for example ALLOWED_ORIGINS=https://app.example.org"
        )
    if not settings.webhook_secrets:
        problems.append(
            "WITHINGS_WEBHOOK_SECRET: ENVIRONMENT=production wants one, since anybody can post to the "
            "webhook, for example the output of `openssl rand -hex 32`"
        )
    return problems


def _addresses(settings: Derived) -> list[str]:
    if settings.withings_webhook_allow_list is AllowList.OFF or "*" not in settings.trusted_proxies:
        return []
    problem = (
        "TRUSTED_PROXIES=* believes the address that a caller makes up, so WITHINGS_WEBHOOK_ALLOW_LIST "
        "would protect nothing; name the proxies, or set WITHINGS_WEBHOOK_ALLOW_LIST=off"
    )
    return [problem]


def _exposure(settings: Derived) -> list[str]:
    if not settings.loopback_only:
        return []
    if settings.environment is Environment.PRODUCTION:
        problem = (
            "API_KEYS: ENVIRONMENT=production wants callers to prove who they are; set it or "
            "COGNITO_USER_POOL_ID, or ALLOW_UNAUTHENTICATED=true where something else guards the door"
        )
        return [problem]
    if settings.host in LOOPBACK:
        return []
    problem = (
        f"HOST={settings.host} would serve health data to everybody who reaches it; set "
        "COGNITO_USER_POOL_ID or API_KEYS, keep HOST=127.0.0.1, or set ALLOW_UNAUTHENTICATED=true where "
        "something else guards the door"
    )
    return [problem]


def _pasted_secret(settings: Derived) -> list[str]:
    """In the address nobody would check it, and callers of ``register-webhooks`` would see it."""
    if "secret" not in parse_qs(urlsplit(settings.webhook_url or "").query, keep_blank_values=True):
        return []
    return ["WITHINGS_WEBHOOK_URL: leave ?secret= out of it, and set WITHINGS_WEBHOOK_SECRET instead"]
