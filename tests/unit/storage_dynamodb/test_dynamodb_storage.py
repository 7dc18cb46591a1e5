"""The DynamoDB backend as a whole: what it creates, what its intents cost, what it refuses."""

import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from builders import (
    HOUR,
    MINUTE,
    NOON,
    NOON_MS,
    a_pair,
    a_record,
    a_token_row,
    a_window,
    an_account,
    news_of,
)
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import StorageError, StorageUnavailable
from withings_bridge.domain.inbox import Lane, Recheck, Work
from withings_bridge.domain.links import Place, RowName
from withings_bridge.storage.dynamodb import DynamoStorage, TableNames
from withings_bridge.storage.dynamodb.records import MOST_BODY_BYTES

pytestmark = pytest.mark.engine

NUMBER_LATER = 10**18


async def link(storage: DynamoStorage, account: Account) -> None:
    (user,) = account.users
    await storage.links.join(user, account.userid, a_pair(), lambda _: account)


@contextmanager
def calls_of(storage: DynamoStorage) -> Iterator[list[str]]:
    """The names of the calls that reach DynamoDB meanwhile."""
    calls: list[str] = []

    def note(model: Any, **_: Any) -> None:
        calls.append(model.name)

    events = storage._engine._client.meta.events
    events.register("before-call.dynamodb", note)
    yield calls
    events.unregister("before-call.dynamodb", note)


class TestImport:
    def test_of_the_package_leaves_the_heavy_client_alone(self) -> None:
        program = (
            "import sys, withings_bridge.storage.dynamodb\n"
            "print([name for name in ('aioboto3', 'aiobotocore', 'botocore') if name in sys.modules])"
        )
        found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own program
        assert found.stdout.strip() == "[]"


class TestTables:
    async def test_that_are_shared_have_no_index(self, dynamo: DynamoStorage, tables: TableNames) -> None:
        for name in (tables.tokens, tables.vitals):
            described = (await dynamo._engine._client.describe_table(TableName=name))["Table"]
            assert not described.get("GlobalSecondaryIndexes")
            assert not described.get("LocalSecondaryIndexes")

    async def test_are_paid_by_the_request(self, dynamo: DynamoStorage, tables: TableNames) -> None:
        for name in (
            tables.tokens,
            tables.vitals,
            tables.accounts,
            tables.records,
            tables.ephemera,
            tables.trail,
        ):
            described = (await dynamo._engine._client.describe_table(TableName=name))["Table"]
            assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"

    async def test_that_forget_do_so_by_their_end(self, dynamo: DynamoStorage, tables: TableNames) -> None:
        reply = await dynamo._engine._client.describe_time_to_live(TableName=tables.ephemera)
        assert reply["TimeToLiveDescription"] == {
            "TimeToLiveStatus": "ENABLED",
            "AttributeName": "expires_at",
        }

    async def test_that_are_there_are_taken_as_they_are(
        self, dynamo: DynamoStorage, endpoint: str, tables: TableNames
    ) -> None:
        await link(dynamo, an_account())
        again = DynamoStorage(region="us-east-1", endpoint=endpoint, tables=tables, create_tables=True)
        async with again:
            assert await again.accounts.get("1234") == an_account()


class TestPing:
    async def test_is_content_with_all_tables(self, dynamo: DynamoStorage) -> None:
        await dynamo.ping()

    async def test_misses_a_table(self, endpoint: str, tables: TableNames) -> None:
        storage = DynamoStorage(region="us-east-1", endpoint=endpoint, tables=tables, create_tables=False)
        async with storage:
            with pytest.raises(StorageUnavailable, match="ResourceNotFoundException"):
                await storage.ping()

    async def test_fails_where_nobody_listens(self, endpoint: str, tables: TableNames) -> None:
        with socket.socket() as unheard:
            unheard.bind(("127.0.0.1", 0))
            nobody = f"http://127.0.0.1:{unheard.getsockname()[1]}"
            storage = DynamoStorage(region="us-east-1", endpoint=nobody, tables=tables, create_tables=False)
            async with storage:
                with pytest.raises(StorageUnavailable):
                    await storage.ping()


class TestAnnounce:
    async def test_is_one_write(self, dynamo: DynamoStorage) -> None:
        await link(dynamo, an_account())
        with calls_of(dynamo) as calls:
            assert await dynamo.accounts.announce("1234", news_of(), now=NOON)
        assert calls == ["UpdateItem"]

    async def test_is_one_write_also_while_the_account_waits_its_turn(self, dynamo: DynamoStorage) -> None:
        await link(dynamo, an_account())
        await dynamo.accounts.announce("1234", news_of(), now=NOON)
        with calls_of(dynamo) as calls:
            await dynamo.accounts.announce("1234", news_of(a_window(NOON + HOUR)), now=NOON + MINUTE)
        assert calls == ["UpdateItem"]

    async def test_is_one_refused_write_for_an_unknown_account(self, dynamo: DynamoStorage) -> None:
        with calls_of(dynamo) as calls:
            assert not await dynamo.accounts.announce("nobody", news_of(), now=NOON)
        assert calls == ["UpdateItem"]

    async def test_is_two_writes_for_an_account_that_is_due_later(self, dynamo: DynamoStorage) -> None:
        later = Work(rechecks=(Recheck(a_window(), due_at=NOON + 5 * MINUTE),))
        await link(dynamo, an_account(work={Category.MEASURES: later}))
        with calls_of(dynamo) as calls:
            await dynamo.accounts.announce("1234", news_of(), now=NOON)
        assert calls == ["UpdateItem", "PutItem"]
        lease = timedelta(seconds=15)
        assert await dynamo.accounts.claim("worker", lane=Lane.LIVE, now=NOON, lease=lease, limit=1)


class TestSave:
    async def test_of_what_does_not_fit_an_item_says_so_and_stores_nothing(
        self, dynamo: DynamoStorage
    ) -> None:
        noise = secrets.token_hex(MOST_BODY_BYTES * 2)
        fits, too_large = a_record("1"), a_record("2", body={"signal": noise})
        with pytest.raises(StorageError, match="measures") as caught:
            await dynamo.records.save("1234", [fits, too_large], now=NOON)
        assert noise[:20] not in str(caught.value)
        assert not await dynamo.records.get("1234", [fits.name])

    async def test_shows_nothing_in_the_feed_before_all_of_it_is_stored(
        self, dynamo: DynamoStorage, tables: TableNames
    ) -> None:
        """A reader goes on from the last number he saw: a smaller one that lands later would be missed."""
        await dynamo.records.save("1234", [a_record("1")], now=NOON)
        half_done = {"userid": "1234", "name": "measures#2", "changed": NUMBER_LATER}
        await dynamo._engine.write_many(tables.records, puts=[half_done])
        assert [each.name.key for each in await dynamo.records.changes("1234", after=0, limit=9)] == ["1"]
        await dynamo.records.save("1234", [a_record("3")], now=NOON)
        changes = await dynamo.records.changes("1234", after=0, limit=9)
        assert [each.name.key for each in changes] == ["1", "2", "3"]
        assert changes[-1].number > NUMBER_LATER


class TestCatchingUp:
    async def test_shows_what_a_save_stored_whose_mark_was_not_written(
        self, dynamo: DynamoStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await dynamo.records.save("1234", [a_record("1")], now=NOON)
        before = await dynamo.records.through("1234")

        async def fails(*_: object, **__: object) -> None:
            raise StorageUnavailable

        with monkeypatch.context() as patched:
            patched.setattr(dynamo._engine, "write", fails)
            with pytest.raises(StorageUnavailable):
                await dynamo.records.save("1234", [a_record("2")], now=NOON + MINUTE)
        assert await dynamo.records.through("1234") == before
        await dynamo.records.catch_up("1234")
        shown = await dynamo.records.changes("1234", after=before, limit=9)
        assert [change.name.key for change in shown] == ["2"]
        assert await dynamo.records.through("1234") == shown[-1].number

    async def test_writes_nothing_where_nothing_was_cut_off(self, dynamo: DynamoStorage) -> None:
        await dynamo.records.save("1234", [a_record("1")], now=NOON)
        with calls_of(dynamo) as calls:
            await dynamo.records.catch_up("1234")
            await dynamo.records.catch_up("nobody")
        assert calls == ["Query", "GetItem"] * 2


class TestWindow:
    async def test_is_one_query(self, dynamo: DynamoStorage) -> None:
        records = [a_record(str(n), at=NOON + n * MINUTE) for n in range(30)]
        await dynamo.records.save("1234", records, now=NOON)
        with calls_of(dynamo) as calls:
            found = await dynamo.records.between("1234", records[0].kind, NOON, NOON + HOUR)
        assert found == records
        assert calls == ["Query"]


class TestRespelling:
    """What happens between the read and the write, where only this backend has anything."""

    async def test_begins_again_where_a_pair_was_saved_in_between(
        self, dynamo: DynamoStorage, endpoint: str, tables: TableNames
    ) -> None:
        await link(dynamo, an_account("1234", "user-1"))
        saved = a_token_row("user-1", "1234", refresh_token="refresh-saved", created_at=NOON_MS + 1)
        seen: list[str] = []

        def spell(token: str) -> str:
            if not seen:
                rows_of(endpoint, tables).put_item(Item=saved)
            seen.append(token)
            return token.upper()

        assert await dynamo.links.respell(RowName("user-1", Place.OWN), spell)
        assert seen == ["access-first", "refresh-first", "access-first", "refresh-saved"]
        stored = await dynamo.links.get("user-1")
        assert stored is not None
        assert stored.pair.refresh_token == "REFRESH-SAVED"

    async def test_does_not_bring_back_a_row_that_went_in_between(
        self, dynamo: DynamoStorage, endpoint: str, tables: TableNames
    ) -> None:
        await link(dynamo, an_account("1234", "user-1"))
        key = Place.OWN.key("user-1")

        def spell(token: str) -> str:
            rows_of(endpoint, tables).delete_item(Key={"userId": key})
            return token.upper()

        assert not await dynamo.links.respell(RowName("user-1", Place.OWN), spell)
        assert rows_of(endpoint, tables).get_item(Key={"userId": key}).get("Item") is None


def rows_of(endpoint: str, tables: TableNames) -> Any:
    """The tokens table, by another door."""
    import boto3  # type: ignore[import-untyped]  # it ships no types

    session = boto3.session.Session("test", "test", region_name="us-east-1")
    return session.resource("dynamodb", endpoint_url=endpoint).Table(tables.tokens)
