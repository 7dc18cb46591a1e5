"""What lies outside a bridge, as the settings name it: store, Withings, gateway; and how far to import."""

from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import httpx
import structlog

from withings_bridge.domain.categories import Category
from withings_bridge.services.sync.publishing import HttpGateway, NoGateway, RealtimeGateway
from withings_bridge.settings import LOOPBACK, Settings, StorageKind
from withings_bridge.storage.base import Storage
from withings_bridge.withings import Meter, Pace, WithingsOAuth

log = structlog.get_logger()

LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=16)


class FirstCall(httpx.AsyncBaseTransport):
    """Makes the client that connects when the first call leaves: to read the certificates of all authorities
    takes longer than to open the store, and a bridge should answer before.
    """

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._client is None:
            try:
                self._client = httpx.AsyncClient(limits=LIMITS)
            except (OSError, ValueError) as error:
                raise httpx.ConnectError("SSL_CERT_FILE or a proxy of the environment is wrong") from error
        return await self._client.send(request, stream=True, auth=None, follow_redirects=False)

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()


def storage_of(settings: Settings) -> Storage:
    """The store, not yet opened."""
    if settings.storage is StorageKind.SQLITE:
        from withings_bridge.storage.sqlite import SqliteStorage

        return SqliteStorage(settings.sqlite_path)
    from withings_bridge.storage.dynamodb import DynamoStorage, TableNames

    return DynamoStorage(
        region=settings.aws_region,
        endpoint=settings.aws_dynamodb_endpoint or None,
        tables=TableNames(
            tokens=settings.tokens_table,
            vitals=settings.user_vitals_table,
            accounts=settings.accounts_table,
            records=settings.records_table,
            ephemera=settings.ephemera_table,
            trail=settings.trail_table,
        ),
        create_tables=settings.auto_create_dynamodb_tables,
    )


def oauth_of(
    settings: Settings, http: httpx.AsyncClient, pace: Pace, *, meter: Meter | None = None
) -> WithingsOAuth:
    """Withings' sign-in and tokens, at that pace."""
    return WithingsOAuth(
        http,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        api_url=settings.api_url,
        auth_url=settings.auth_url,
        pace=pace,
        meter=meter,
    )


def gateway_of(settings: Settings, http: httpx.AsyncClient) -> RealtimeGateway:
    """Whom to tell of news; without an address, nobody."""
    if not settings.vitals_realtime_gateway_url:
        return NoGateway()
    return HttpGateway(
        http,
        url=settings.vitals_realtime_gateway_url,
        secret=settings.vitals_realtime_gateway_secret.get_secret_value(),
    )


def import_windows(settings: Settings) -> dict[Category, timedelta]:
    """How far back the import of each category goes; of detail, where it is switched on."""
    measures, activity, sleep = settings.import_windows
    windows = {
        Category.MEASURES: measures,
        Category.HEART: measures,
        Category.STETHO: measures,
        Category.ACTIVITY: activity,
        Category.WORKOUTS: activity,
        Category.SLEEP: sleep,
    }
    if settings.withings_intraday:
        windows[Category.INTRADAY] = activity
    if settings.withings_sleep_detail:
        windows[Category.SLEEP_DETAIL] = sleep
    return windows


def callback_url_of(settings: Settings) -> str | None:
    """What Withings is to call: our webhook with the first secret; None where no webhook is configured."""
    url = settings.webhook_url
    if url is None:
        return None
    if urlsplit(url).hostname in LOOPBACK and not settings.use_sandbox:
        log.warning("WITHINGS_WEBHOOK_URL is a loopback address: only a sandbox can call it")
    secrets = settings.webhook_secrets
    if not secrets:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode({'secret': secrets[0]})}"
