"""The change feed over HTTP: who follows it has a true copy."""

from pathlib import Path
from random import Random

import pytest

from api.readers import EPOCH_NOON, Reader, slept, weighed
from api.running import USER, Json, alone, given_links, given_records
from builders import DAY, NOON, an_account
from withings_bridge.domain.records import Kind, Record, RecordKey, record_from
from withings_bridge.storage.sqlite import SqliteStorage

PATH = "/changes"

GONE = (410, "feed_restarted")


class Mirror:
    """A copy, kept as the description of the call says."""

    def __init__(self, reader: Reader, *, limit: int = 100) -> None:
        self.reader, self.limit = reader, limit
        self.since: str | None = None
        self.copied: dict[tuple[str, str], Json] = {}

    async def take(self) -> bool:
        """One page; whether more follow."""
        query = {"since": self.since} if self.since else {}
        page = await self.reader.got(PATH, limit=self.limit, **query)
        for item in page["items"]:
            name = (item["kind"], item["id"])
            if item["change"] == "upsert":
                self.copied[name] = item["record"]
            else:
                assert (item["record"], item["values"]) == (None, None)
                self.copied.pop(name, None)
        self.since = page["next"]
        return bool(page["more"])

    async def catch_up(self) -> None:
        while await self.take():
            pass


class TestAPage:
    async def test_tells_what_became_of_each_record(self, reader: Reader) -> None:
        await reader.has(weighed(1, grams=70000), slept(7))
        page = await reader.got(PATH, units="vitals7")
        first, second = page["items"]
        assert (first["kind"], first["id"], first["change"]) == ("measures", "1", "upsert")
        assert first["record"] == dict(weighed(1, grams=70000).body)
        assert [(value["value"], value["unit"]) for value in first["values"]] == [("154.32", "lbs")]
        assert (second["kind"], second["id"], page["more"]) == ("sleep", "7", False)
        await reader.has(removed=(weighed(1).name,))
        (gone,) = (await reader.got(PATH, since=page["next"]))["items"]
        expected = {"kind": "measures", "id": "1", "change": "removed", "record": None, "values": None}
        assert gone == expected

    async def test_tells_no_value_of_a_wish_as_if_it_had_been_measured(self, reader: Reader) -> None:
        body = {**weighed(1, grams=70000).body, "category": 2}
        await reader.has(record_from(Kind.MEASURES, body))
        (wish,) = (await reader.got(PATH))["items"]
        assert (wish["record"], wish["values"]) == (body, [])

    async def test_ends_where_nothing_is_left_and_can_be_asked_again(self, reader: Reader) -> None:
        await reader.has(weighed(1), weighed(2))
        first = await reader.got(PATH, limit=1)
        second = await reader.got(PATH, limit=1, since=first["next"])
        assert (first["more"], len(second["items"]), second["more"]) == (True, 1, False)
        end = await reader.got(PATH, since=second["next"])
        assert (end["items"], end["more"]) == ([], False)
        await reader.has(weighed(3))
        assert [item["id"] for item in (await reader.got(PATH, since=end["next"]))["items"]] == ["3"]

    async def test_leaves_out_large_signals(self, reader: Reader) -> None:
        signal = Record(Kind.SIGNAL, "98", NOON, None, {"signal": [1]})
        await reader.has(weighed(1), signal)
        page = await reader.got(PATH)
        assert [item["kind"] for item in page["items"]] == ["measures"]
        await reader.has(removed=(signal.name,))
        assert (await reader.got(PATH, since=page["next"]))["items"] == []

    async def test_tells_a_height_from_before_the_import(self, reader: Reader) -> None:
        body = {"grpid": 1, "attrib": 2, "measures": [{"type": 4, "value": 181, "unit": -2}]}
        await reader.has(Record(Kind.HEIGHT, "1", NOON, None, body))
        (height,) = (await reader.got(PATH))["items"]
        assert (height["kind"], height["id"]) == ("height", "1")
        assert [(value["metric"], value["value"]) for value in height["values"]] == [("height", "1.81")]

    async def test_is_bounded_also_where_nothing_of_it_is_told(
        self, reader: Reader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("withings_bridge.services.history.mirroring.AT_ONCE", 2)
        monkeypatch.setattr("withings_bridge.services.history.mirroring.MOST_RECORDS", 3)
        signals = [Record(Kind.SIGNAL, str(n), NOON, None, {}) for n in range(7)]
        await reader.has(*signals, weighed(1))
        page = await reader.got(PATH)
        assert (page["items"], page["more"]) == ([], True)
        mirror = Mirror(reader)
        await mirror.catch_up()
        assert list(mirror.copied) == [("measures", "1")]

    async def test_is_full_with_many_values(self, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("withings_bridge.services.history.mirroring.MOST_VALUES", 2)
        await reader.has(*(weighed(n) for n in range(5)))
        page = await reader.got(PATH)
        assert (len(page["items"]), page["more"]) == (2, True)


class TestAMirror:
    @pytest.mark.parametrize("seed", range(5))
    async def test_converges_through_edits_deletions_and_writes_between_pages(
        self, reader: Reader, seed: int
    ) -> None:
        random = Random(seed)  # noqa: S311 - a game, and no secret
        stored: dict[RecordKey, Record] = {}
        mirror = Mirror(reader, limit=random.randrange(1, 5))

        async def something_happens() -> None:
            records = [
                random.choice((weighed, slept))(random.randrange(12), at=EPOCH_NOON + random.randrange(5))
                for _ in range(random.randrange(4))
            ]
            records = list({record.name: record for record in records}.values())
            others = sorted(stored.keys() - {record.name for record in records}, key=str)
            removed = tuple(random.sample(others, min(len(others), random.randrange(2))))
            await reader.has(*records, removed=removed)
            stored.update({record.name: record for record in records})
            for name in removed:
                del stored[name]

        for _ in range(25):
            await something_happens()
            if random.random() < 0.7:
                await mirror.take()
        await mirror.catch_up()
        assert mirror.copied == {(name.kind, name.key): dict(it.body) for name, it in stored.items()}


class TestTheCursor:
    async def test_of_another_account_or_of_a_link_before_begins_anew(self, tmp_path: Path) -> None:
        since: str | None = None
        for n, account in enumerate(
            (
                an_account("1234", USER, linked_at=NOON),
                an_account("1234", USER, linked_at=NOON + DAY),
                an_account("5678", USER, linked_at=NOON),
            )
        ):
            folder = tmp_path / str(n)
            folder.mkdir()
            await given_links(folder, account)
            await given_records(folder, weighed(1), userid=account.userid)
            async with alone(folder) as bridge:
                reader = Reader(bridge, folder)
                if since:
                    status, code, error = await reader.refused(PATH, since=since)
                    assert (status, code) == GONE
                    assert "without" in error
                since = since or (await reader.got(PATH))["next"]

    async def test_from_before_all_was_purged_begins_anew(self, reader: Reader) -> None:
        await reader.has(weighed(1))
        since = (await reader.got(PATH))["next"]
        async with SqliteStorage(reader.bridge.store) as storage:
            await storage.records.forget("1234")
        assert (await reader.refused(PATH, since=since))[:2] == GONE

    @pytest.mark.parametrize("since", ["", "x", "1", "dGhpcyBpcyBvcGFxdWU"])
    async def test_that_is_damaged_is_refused(self, reader: Reader, since: str) -> None:
        assert (await reader.refused(PATH, since=since))[:2] == (400, "cursor_refused")

    async def test_is_there_before_anything_is(self, reader: Reader) -> None:
        """Who begins to follow on the first day misses nothing."""
        since = (await reader.got(PATH))["next"]
        await reader.has(record_from(Kind.DEVICE, {"deviceid": "9f3c"}))
        assert [item["kind"] for item in (await reader.got(PATH, since=since))["items"]] == ["device"]
