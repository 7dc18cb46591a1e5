"""What is stored of a user, listed and exported; nobody is asked for it."""

import asyncio
import csv
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from builders import HOUR, NOON, a_pair, an_account
from unit.cli.calling import PROGRAM, USER, Ended, call, environment
from unit.cli.terminal import Terminal
from withings_bridge.cli.exporting import whole
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.records import Kind, Record, record_from
from withings_bridge.storage.sqlite import SqliteStorage

pytestmark = pytest.mark.e2e

MANY = 3000
"""Days of activity: more than a pipe holds."""

NOW = int(NOON.timestamp())

WEIGHING = {"type": 1, "value": 81300, "unit": -3}
LIMB = {"type": 174, "value": 12, "unit": -1, "position": 3}


def stored() -> list[Record]:
    groups: list[dict[str, Any]] = [
        {"grpid": 1, "attrib": 0, "date": NOW - 7200, "modelid": 5, "measures": [WEIGHING, LIMB]},
        {"grpid": 2, "attrib": 1, "date": NOW - 3600, "measures": [WEIGHING | {"value": 99000}]},
        {"grpid": 3, "attrib": 0, "date": NOW - 90 * 86400, "measures": [WEIGHING | {"value": 80000}]},
    ]
    days = [
        {"date": (NOON - 24 * HOUR * number).date().isoformat(), "steps": 1000 + number, "is_tracker": True}
        for number in range(1, MANY + 1)
    ]
    night = {"id": 7, "startdate": NOW - 10 * 3600, "timezone": "Asia/Tokyo", "data": {"sleep_score": 80}}
    return [
        *(record_from(Kind.MEASURES, group) for group in groups),
        *(record_from(Kind.ACTIVITY, day) for day in days),
        record_from(Kind.SLEEP, night),
        record_from(Kind.DEVICE, {"deviceid": "d1", "model": "Body+"}),
        record_from(Kind.INTRADAY, {"hour": NOW, "series": {str(NOW + 5): {"heart_rate": 60}}}),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history")

    async def store() -> None:
        async with SqliteStorage(folder / "bridge.db") as storage:
            await storage.links.join(USER, "1234", a_pair(), lambda _: an_account("1234", USER))
            await storage.records.save("1234", stored(), now=NOON)

    asyncio.run(store())
    return folder


def told(folder: Path, *arguments: str) -> Ended:
    return call(*arguments, folder=folder, SQLITE_PATH=str(folder / "bridge.db"))


class TestRecords:
    def test_are_a_table_of_readings_for_a_person_the_newest_first(self, folder: Path) -> None:
        ended = told(folder, "records", USER, "--kind", "measures", "--kind", "device")
        assert ended.code == 0, ended.err
        header, *lines = [re.split(r" {2,}", line.strip()) for line in ended.out.splitlines()]
        assert header == ["when", "metric", "value", "unit", "from", "kind", "record"]
        assert lines == [
            ["2026-03-02 20:00", "weight", "99.000", "kg", "device, held back", "measures", "2"],
            ["2026-03-02 19:00", "weight", "81.300", "kg", "Body+", "measures", "1"],
            ["2026-03-02 19:00", "fat_mass_for_segments (left arm)", "1.2", "kg", "Body+", "measures", "1"],
            ["2025-12-02 21:00", "weight", "80.000", "kg", "device", "measures", "3"],
            ["-", "see --json", "device", "d1"],
        ]

    def test_are_those_of_a_metric_in_a_range_in_the_units_of_the_app(self, folder: Path) -> None:
        """Of the only linked user, since none is named."""
        more = ("--metric", "weight", "--from", "2026-03-02", "--units", "vitals7", "--limit", "1")
        ended = told(folder, "records", *more)
        assert re.findall(r"weight +(\S+) +(\S+)", ended.out) == [("218.26", "lbs")]

    def test_are_lines_of_json_for_a_script_with_withings_own_body(self, folder: Path) -> None:
        ended = told(folder, "records", "--json", "--limit", "3")
        assert ended.code == 0, ended.err
        records = [json.loads(line) for line in ended.out.splitlines()]
        assert [(one["kind"], one["key"]) for one in records] == [
            *(("measures", "2"), ("measures", "1"), ("sleep", "7"))
        ]
        assert records[1]["body"]["measures"] == [WEIGHING, LIMB]
        assert records[1]["readings"][1] == {
            "metric": "fat_mass_for_segments",
            "value": "1.2",
            "unit": "kg",
            "at": "2026-03-02T10:00:00Z",
            "local": "2026-03-02T19:00:00+09:00",
            "zone": "Asia/Tokyo",
            "source": "device",
            "model": "5",
            "position": "3",
            "held_back": "false",
            "code": "174",
        }

    def test_show_a_person_how_many_have_gone_into_a_file(self, folder: Path, tmp_path: Path) -> None:
        """On a terminal the table itself is progress enough, and gets no bar."""
        listing = (*PROGRAM, "records", USER, "--limit", "0")
        aside = ("/bin/sh", "-c", f'{shlex.join(listing)} > "$INTO"')
        given = {"SQLITE_PATH": str(folder / "bridge.db"), "INTO": str(tmp_path / "list"), "TERM": "xterm"}
        terminal = Terminal(aside, tmp_path, **given)
        try:
            assert "when" not in terminal.awaits(" lines")
            assert terminal.ends() == 0
        finally:
            terminal.close()
        assert (tmp_path / "list").read_text().count("\n") > MANY
        terminal = Terminal(listing, tmp_path, **given)
        try:
            assert " lines" not in terminal.awaits("Body+")
        finally:
            terminal.close()

    def test_that_are_none_end_with_0_and_a_word(self, folder: Path) -> None:
        ended = told(folder, "records", "--metric", "spo2")
        assert (ended.code, ended.out) == (0, "")
        assert "Nothing of that is stored" in ended.err

    @pytest.mark.parametrize(
        ("command", "arguments", "said"),
        [
            ("records", ("--metric", "wieght"), "did you mean weight"),
            ("records", ("--from", "yesterday"), "2026-01-15"),
            ("records", ("--kind", "dreams"), "sleep"),
            ("export", ("--format", "xml"), "ndjson"),
            ("export", ("--format", "csv", "--from", "2026-02-01", "--to", "2026-01-01"), "before it begins"),
        ],
    )
    def test_that_nobody_can_mean_end_with_2_and_what_is_right(
        self, folder: Path, command: str, arguments: tuple[str, ...], said: str
    ) -> None:
        ended = told(folder, command, *arguments)
        assert (ended.code, ended.out) == (2, "")
        assert said in re.sub(r"[\s│]+", " ", ended.err)

    @pytest.mark.parametrize("arguments", [("records",), ("export", "--format", "csv")])
    def test_of_a_stranger_end_with_1(self, folder: Path, arguments: tuple[str, ...]) -> None:
        ended = told(folder, *arguments, "nobody")
        assert (ended.code, ended.out) == (1, "")
        assert "No Withings account is linked" in ended.err


class TestExport:
    def test_into_a_file_is_there_when_it_is_whole_and_private(self, folder: Path, tmp_path: Path) -> None:
        output = tmp_path / "readings.csv"
        output.write_text("of yesterday")
        ended = told(folder, "export", USER, "--format", "csv", "--output", str(output))
        assert (ended.code, ended.out) == (0, "")
        with output.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == MANY + 6
        assert [row["value"] for row in rows if row["metric"] == "weight"] == ["80.000", "81.300", "99.000"]
        assert ended.err == f"{output} holds {len(rows)} readings.\n"
        assert output.stat().st_mode & 0o777 == 0o600
        assert list(tmp_path.iterdir()) == [output]

    def test_to_a_pipe_is_the_same_and_nothing_else(self, folder: Path) -> None:
        ended = told(folder, "export", "--format", "ndjson")
        assert (ended.code, ended.err) == (0, "")
        lines = [json.loads(line) for line in ended.out.splitlines()]
        assert [record_from(Kind(line["kind"]), line["body"]) for line in lines] == sorted(
            stored(), key=lambda record: (list(Kind).index(record.kind), record.at)
        )

    def test_ends_quietly_when_its_reader_has_enough(self, folder: Path) -> None:
        for arguments in (("export", "--format", "csv"), ("records", "--json", "--limit", "0")):
            with subprocess.Popen(  # noqa: S603 - our own program
                [*PROGRAM, *arguments],
                cwd=folder,
                env=environment({"SQLITE_PATH": str(folder / "bridge.db")}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as process:
                assert process.stdout
                assert process.stderr
                assert process.stdout.readline()
                process.stdout.close()
                assert process.stderr.read() == b""
                assert process.wait(30) == 0

    def test_that_cannot_be_written_leaves_what_was_there(self, folder: Path, tmp_path: Path) -> None:
        ended = told(folder, "export", "--format", "csv", "--output", str(tmp_path / "gone" / "readings.csv"))
        assert ended.code == 1
        assert "could not be written" in ended.err
        assert "Traceback" not in ended.err
        assert list(tmp_path.iterdir()) == []

    def test_that_is_cut_off_leaves_what_was_there(self, tmp_path: Path) -> None:
        output = tmp_path / "readings.csv"
        output.write_text("of yesterday")

        def half(ending: type[BaseException]) -> None:
            with whole(output) as file:
                file.write(b"half")
                raise ending

        for ending in (KeyboardInterrupt, StorageUnavailable):
            with pytest.raises(ending):
                half(ending)
        assert output.read_text() == "of yesterday"
        assert list(tmp_path.iterdir()) == [output]

    def test_writes_to_what_is_no_file_without_taking_its_place(self, folder: Path) -> None:
        ended = told(folder, "export", "--format", "csv", "--output", "/dev/stdout")
        assert ended.code == 0, ended.err
        assert ended.out.count("\n") == MANY + 7

    def test_shows_a_person_how_far_it_is(self, folder: Path, tmp_path: Path) -> None:
        output = tmp_path / "all.ndjson"
        arguments = ("export", "--format", "ndjson", "--output", str(output))
        variables = {"SQLITE_PATH": str(folder / "bridge.db"), "TERM": "xterm"}
        terminal = Terminal((*PROGRAM, *arguments), folder, **variables)
        try:
            shown = terminal.awaits(f"holds {MANY + 6} records")
            assert re.search(r"Reading activity.*\d+%", shown)
            assert terminal.ends() == 0
        finally:
            terminal.close()
        assert len(output.read_text().splitlines()) == MANY + 6
