"""What may be the matter with the file of the embedded store. ``tests/contract`` has the rest."""

import os
import shutil
import sqlite3
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest

from withings_bridge.domain.checkups import Checkup, Result
from withings_bridge.storage.sqlite import SqliteStorage
from withings_bridge.storage.sqlite.inspecting import inspect
from withings_bridge.storage.sqlite.schema import VERSION

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil has it


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A file that a bridge has made."""
    async with SqliteStorage(tmp_path / "bridge.db"):
        pass
    return tmp_path / "bridge.db"


def the_file(path: Path) -> Checkup:
    inspection = inspect(path)
    assert not inspection.usable or inspection.parts[0].result is Result.OK
    return inspection.parts[0]


class TestTheFile:
    @pytest.mark.parametrize(
        ("version", "result", "said"),
        [
            (VERSION, Result.OK, "can be written"),
            (VERSION - 1, Result.WARNING, f"brings it to {VERSION}"),
            (VERSION + 1, Result.WRONG, f"knows {VERSION}"),
        ],
    )
    def test_is_told_by_its_schema(self, path: Path, version: int, result: Result, said: str) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        file = the_file(path)
        assert (file.result, inspect(path).usable) == (result, version == VERSION)
        assert said in file.seen

    def test_that_is_no_database_is_wrong(self, tmp_path: Path) -> None:
        path = tmp_path / "bridge.db"
        path.write_text("Dear diary, " * 100)
        path.chmod(0o600)
        assert the_file(path).result is Result.WRONG
        assert "no database" in the_file(path).seen

    def test_that_is_a_folder_is_wrong(self, tmp_path: Path) -> None:
        assert the_file(tmp_path).result is Result.WRONG

    def test_that_may_not_be_written_is_wrong(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        refused = {path}

        def allowed(asked: Path, mode: int) -> bool:
            # The system's answer to who is not root, who may write everywhere.
            return asked not in refused or not mode & os.W_OK

        monkeypatch.setattr(os, "access", allowed)
        assert "cannot be written" in the_file(path).seen
        refused = {path.parent}
        assert "cannot be written" in the_file(path).seen
        assert "cannot be written" in the_file(path.parent / "none" / "bridge.db").seen

    def test_that_would_lie_below_a_file_is_wrong(self, path: Path) -> None:
        assert the_file(path / "bridge.db").result is Result.WRONG

    def test_that_the_system_hides_is_wrong(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def forbidden(_: Path) -> bool:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "exists", forbidden)
        assert the_file(path).result is Result.WRONG
        assert "Permission denied" in the_file(path).seen

    def test_that_others_may_open_is_warned_of(self, path: Path) -> None:
        path.chmod(0o644)
        inspection = inspect(path)
        assert inspection.usable
        assert [part.mend for part in inspection.parts if part.result is Result.WARNING] == [
            f"Run `chmod 600 {path}`."
        ]

    def test_is_left_as_it_is(self, path: Path) -> None:
        before = path.read_bytes()
        inspect(path)
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]


class TestTheDisk:
    @pytest.mark.parametrize(
        ("free", "result"), [(10**12, Result.OK), (10**8, Result.WARNING), (10**6, Result.WRONG)]
    )
    def test_is_told_of_before_it_is_full(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, free: int, result: Result
    ) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, free))
        assert inspect(path).parts[-1].result is result
