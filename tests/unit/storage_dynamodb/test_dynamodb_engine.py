"""The engine against a client that fails on cue: what no emulator does when asked."""

import asyncio
import time
from typing import Any, cast

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from builders import NOON, an_account, news_of
from withings_bridge.domain.errors import StorageError, StorageUnavailable
from withings_bridge.storage.dynamodb.account_item import StoredAccount
from withings_bridge.storage.dynamodb.accounts import DynamoAccounts
from withings_bridge.storage.dynamodb.engine import ATTEMPTS, LONGEST_PAUSE, Engine, Refused, pauses
from withings_bridge.storage.dynamodb.items import to_wire
from withings_bridge.storage.dynamodb.writes import check, put

SECRET = "refresh-token-of-somebody"
KEY = {"userid": "1234"}
ENDPOINT = "http://127.0.0.1:1"


class ScriptedClient:
    """Answers each call with the next of the given replies, raising those that are errors."""

    def __init__(self, *replies: dict[str, Any] | Exception) -> None:
        self._replies = list(replies)
        self.calls: list[dict[str, Any]] = []

    async def _answer(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append(arguments)
        reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    get_item = put_item = update_item = delete_item = _answer
    batch_get_item = batch_write_item = transact_write_items = query = scan = _answer


class SilentClient:
    """Never answers."""

    async def _answer(self, **arguments: Any) -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError(arguments)

    put_item = update_item = delete_item = _answer


def an_engine(client: object) -> Engine:
    return Engine(cast("Any", client))


def refusal(code: str, **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": f"about {SECRET}"}, **more}
    return ClientError(response, "AnyOperation")


class TestErrors:
    @pytest.mark.parametrize(
        "error",
        [
            EndpointConnectionError(endpoint_url=ENDPOINT),
            ConnectTimeoutError(endpoint_url=ENDPOINT),
            ReadTimeoutError(endpoint_url=ENDPOINT),
            NoCredentialsError(),
            refusal("ProvisionedThroughputExceededException"),
            refusal("ThrottlingException"),
            refusal("InternalServerError"),
            refusal("ResourceNotFoundException"),
            refusal("ExpiredTokenException"),
        ],
        ids=lambda error: type(error).__name__,
    )
    async def test_that_mean_no_answer_are_unavailable_and_keep_their_cause(
        self, error: BotoCoreError | ClientError
    ) -> None:
        with pytest.raises(StorageUnavailable) as caught:
            await an_engine(ScriptedClient(error)).get("table", KEY)
        assert caught.value.__cause__ is error
        assert SECRET not in str(caught.value)

    async def test_of_our_own_making_are_not_worth_a_repeat(self) -> None:
        with pytest.raises(StorageError, match="ValidationException") as caught:
            await an_engine(ScriptedClient(refusal("ValidationException"))).get("table", KEY)
        assert not isinstance(caught.value, StorageUnavailable)
        assert SECRET not in str(caught.value)


class TestWrite:
    async def test_that_is_refused_tells_what_is_stored(self) -> None:
        stored = {"userid": "1234", "version": 3}
        error = refusal("ConditionalCheckFailedException", Item=to_wire(stored))
        with pytest.raises(Refused) as caught:
            await an_engine(ScriptedClient(error)).write(put("table", KEY, condition="#version = :two"))
        assert caught.value.item == stored
        assert caught.value.__suppress_context__

    async def test_that_meets_a_transaction_is_made_again(self) -> None:
        client = ScriptedClient(refusal("TransactionConflictException"), {})
        await an_engine(client).write(put("table", KEY))
        assert len(client.calls) == 2


class TestTransact:
    @pytest.mark.parametrize("code", ["ConditionalCheckFailed", "TransactionConflict"])
    async def test_that_lost_a_race_is_refused(self, code: str) -> None:
        reasons = [{"Code": "None"}, {"Code": code}]
        client = ScriptedClient(refusal("TransactionCanceledException", CancellationReasons=reasons))
        with pytest.raises(Refused):
            await an_engine(client).transact([put("table", KEY), put("table", KEY)])

    @pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
    async def test_that_was_throttled_is_unavailable(self, code: str) -> None:
        reasons = [{"Code": "ConditionalCheckFailed"}, {"Code": code}]
        client = ScriptedClient(refusal("TransactionCanceledException", CancellationReasons=reasons))
        with pytest.raises(StorageUnavailable):
            await an_engine(client).transact([put("table", KEY)])

    async def test_that_is_malformed_is_our_mistake(self) -> None:
        reasons = [{"Code": "ValidationError"}]
        client = ScriptedClient(refusal("TransactionCanceledException", CancellationReasons=reasons))
        with pytest.raises(StorageError) as caught:
            await an_engine(client).transact([put("table", KEY)])
        assert not isinstance(caught.value, StorageUnavailable)

    async def test_of_more_than_dynamodb_takes_says_so_and_sends_nothing(self) -> None:
        client = ScriptedClient()
        writes = [check("table", {"userid": str(n)}, condition="#version = :one") for n in range(101)]
        with pytest.raises(StorageError, match="101 writes together"):
            await an_engine(client).transact(writes)
        assert not client.calls


class TestBatches:
    async def test_write_again_what_was_left_over(self) -> None:
        left = {"table": [{"PutRequest": {"Item": to_wire({"userid": "2"})}}]}
        client = ScriptedClient({"UnprocessedItems": left}, {"UnprocessedItems": {}})
        await an_engine(client).write_many("table", puts=[{"userid": "1"}, {"userid": "2"}])
        assert [call["RequestItems"] for call in client.calls][1] == left

    async def test_read_again_what_was_left_over(self) -> None:
        left = {"table": {"Keys": [to_wire({"userid": "2"})], "ConsistentRead": True}}
        one, two = to_wire({"userid": "1"}), to_wire({"userid": "2"})
        client = ScriptedClient(
            {"Responses": {"table": [one]}, "UnprocessedKeys": left},
            {"Responses": {"table": [two]}, "UnprocessedKeys": {}},
        )
        found = await an_engine(client).get_many("table", [{"userid": "1"}, {"userid": "2"}])
        assert found == [{"userid": "1"}, {"userid": "2"}]

    async def test_keep_to_what_dynamodb_takes_at_once(self) -> None:
        client = ScriptedClient(*[{} for _ in range(3)])
        await an_engine(client).write_many("table", puts=({"userid": str(n)} for n in range(60)))
        assert [len(call["RequestItems"]["table"]) for call in client.calls] == [25, 25, 10]


class TestScan:
    async def test_goes_on_behind_a_page_without_items(self) -> None:
        client = ScriptedClient(
            {"Items": [], "LastEvaluatedKey": to_wire(KEY)}, {"Items": [to_wire({"userid": "9"})]}
        )
        assert await an_engine(client).scan("table", after=None, limit=10) == [{"userid": "9"}]
        assert client.calls[1]["ExclusiveStartKey"] == to_wire(KEY)


class TestPauses:
    def test_stay_short_and_come_to_an_end(self) -> None:
        waits: list[float] = []
        with pytest.raises(StorageUnavailable):
            waits.extend(pauses())
        assert len(waits) == ATTEMPTS
        assert max(waits) <= LONGEST_PAUSE


class TestAnnounce:
    @pytest.mark.slow
    async def test_gives_up_in_time_for_withings_to_be_told(self) -> None:
        accounts = DynamoAccounts(an_engine(SilentClient()), "accounts")
        begun = time.monotonic()
        with pytest.raises(StorageUnavailable, match="within 1 s"):
            await accounts.announce("1234", news_of(), now=NOON)
        assert time.monotonic() - begun < 1.5


class TestChange:
    async def test_whose_answer_was_lost_is_not_made_twice(self) -> None:
        """The client repeats a put that arrived; the repeat is refused by the first."""
        stored = StoredAccount(an_account(), {}, version=1)
        changed = stored.next(an_account(synced_at=NOON), {})
        client = ScriptedClient(
            {"Item": to_wire(stored.item)},
            refusal("ConditionalCheckFailedException", Item=to_wire(changed.item)),
        )
        applied: list[int] = []

        def change(_: Any) -> Any:
            applied.append(1)
            return changed.account

        account = await DynamoAccounts(an_engine(client), "accounts").change("1234", change, now=NOON)
        assert account == changed.account
        assert applied == [1]
