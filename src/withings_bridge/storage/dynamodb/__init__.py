"""The distributed engine: the contract of storage/base on DynamoDB.

Entering opens one client for the process and, where wished, creates missing tables. aioboto3, which
takes a quarter of a second to import, is imported then and not before; nothing of it is imported by
importing this package.
"""

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TYPE_CHECKING, Self

from withings_bridge import __version__
from withings_bridge.domain.checkups import Checkup, Inspection, Result
from withings_bridge.domain.errors import StorageError
from withings_bridge.storage.base import Accounts, Ephemera, Records, StoredLinks, Trail, Vitals
from withings_bridge.storage.dynamodb.names import TableNames

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

__all__ = ["DynamoStorage", "TableNames"]

CONNECT_SECONDS = 1
READ_SECONDS = 5
CALLS_AT_ONCE = 50
TRIES = 3
PING_SECONDS = 2
INSPECT_SECONDS = 15
PING = "ping"


class DynamoStorage:
    """A store on six tables, which any number of replicas share.

    ``endpoint`` None means AWS itself. With ``create_tables`` False the tables are managed elsewhere.
    """

    def __init__(self, *, region: str, endpoint: str | None, tables: TableNames, create_tables: bool) -> None:
        from withings_bridge.storage.dynamodb.accounts import DynamoAccounts
        from withings_bridge.storage.dynamodb.engine import Engine
        from withings_bridge.storage.dynamodb.ephemera import DynamoEphemera
        from withings_bridge.storage.dynamodb.links import DynamoLinks
        from withings_bridge.storage.dynamodb.records import DynamoRecords
        from withings_bridge.storage.dynamodb.trail import DynamoTrail
        from withings_bridge.storage.dynamodb.vitals import DynamoVitals

        self._region = region
        self._endpoint = endpoint
        self._tables = tables
        self._create_tables = create_tables
        self._opened = AsyncExitStack()
        self._engine = Engine()
        accounts = DynamoAccounts(self._engine, tables.accounts)
        self._finish = accounts.finish
        self.accounts: Accounts = accounts
        self.links: StoredLinks = DynamoLinks(self._engine, tokens=tables.tokens, accounts=tables.accounts)
        self.records: Records = DynamoRecords(self._engine, tables.records)
        self.vitals: Vitals = DynamoVitals(self._engine, tables.vitals)
        self.ephemera: Ephemera = DynamoEphemera(self._engine, tables.ephemera)
        self.trail: Trail = DynamoTrail(self._engine, tables.trail)

    async def __aenter__(self) -> Self:
        from withings_bridge.storage.dynamodb.tables import create_missing

        async with AsyncExitStack() as opening:
            client = await opening.enter_async_context(self._connect())
            if self._create_tables:
                await create_missing(client, self._tables)
            self._opened = opening.pop_all()
        self._engine.connect(client)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._finish()
        await self._opened.aclose()

    async def ping(self) -> None:
        # A table that is missing, or that we may not read, shows here rather than in the first
        # request that needs it.
        from withings_bridge.storage.dynamodb.engine import together, within

        names = self._tables
        keys = {
            names.tokens: {"userId": PING},
            names.vitals: {"user_id": PING, "item_key": PING},
            names.accounts: {"userid": PING},
            names.records: {"userid": PING, "name": PING},
            names.ephemera: {"key": PING},
            names.trail: {"account": PING, "place": PING},
        }
        async with within(PING_SECONDS):
            await together(self._engine.get(table, key, consistent=False) for table, key in keys.items())

    async def inspect(self) -> Inspection:
        from botocore.exceptions import BotoCoreError

        from withings_bridge.storage.dynamodb.engine import within
        from withings_bridge.storage.dynamodb.inspecting import TABLES, inspect

        try:
            async with within(INSPECT_SECONDS), self._connect() as client:
                return await inspect(client, self._tables, creates=self._create_tables)
        except (BotoCoreError, StorageError, ValueError) as error:  # the last where the endpoint is no URL
            seen = f"There is no way to DynamoDB ({type(error).__name__})."
            mend = "Look at AWS_REGION, AWS_DYNAMODB_ENDPOINT and the keys of AWS."
            return Inspection([Checkup(TABLES, Result.WRONG, seen, mend)], usable=False)

    def _connect(self) -> AbstractAsyncContextManager["DynamoDBClient"]:
        import aioboto3  # type: ignore[import-untyped]  # it ships no types; those of its client are used above
        from aiobotocore.config import AioConfig

        config = AioConfig(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=CALLS_AT_ONCE,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            # The service checks everything anyway; checking it here too costs a tenth of each call.
            parameter_validation=False,
            # That of the library tells Amazon in detail what we run on, and is put together for each call.
            user_agent=f"withings-bridge/{__version__}",
        )
        session = aioboto3.Session(region_name=self._region)
        client: AbstractAsyncContextManager[DynamoDBClient] = session.client(
            "dynamodb", endpoint_url=self._endpoint, config=config
        )
        return client
