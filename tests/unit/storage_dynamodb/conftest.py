"""A DynamoDB in this process, for what only the tables themselves can show."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from withings_bridge.storage.dynamodb import DynamoStorage, TableNames


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # which takes long, and few tests want it

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.delenv("AWS_PROFILE", raising=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


@pytest.fixture
def tables() -> TableNames:
    prefix = f"unit-{uuid4().hex[:8]}"
    return TableNames(
        tokens=f"{prefix}-tokens",
        vitals=f"{prefix}-vitals",
        accounts=f"{prefix}-accounts",
        records=f"{prefix}-records",
        ephemera=f"{prefix}-ephemera",
        trail=f"{prefix}-trail",
    )


@pytest.fixture
async def dynamo(endpoint: str, tables: TableNames) -> AsyncIterator[DynamoStorage]:
    storage = DynamoStorage(region="us-east-1", endpoint=endpoint, tables=tables, create_tables=True)
    async with storage:
        yield storage
