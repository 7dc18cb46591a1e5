"""The embedded store as whoever mends it sees it: the file, its schema, its folder and the disk.

Nothing is created or changed, and no lock is taken, whether a bridge runs on the file or not.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from withings_bridge.domain.checkups import Checkup, Inspection, Result
from withings_bridge.storage.sqlite.schema import VERSION

FILE, DISK = "database file", "disk"

LITTLE_BYTES = 500_000_000
"""Of so little the owner is warned."""

TOO_LITTLE_BYTES = 20_000_000

OTHERS = 0o077
"""The rights of everybody but the owner."""


def inspect(path: Path) -> Inspection:
    """How the file is, and what room is left beside it."""
    try:
        return _inspected(path)
    except OSError as error:
        seen = f"{path} cannot be looked at: {error.strerror}."
        mend = "Give the user that runs the bridge the right, or set SQLITE_PATH."
        return Inspection([Checkup(FILE, Result.WRONG, seen, mend)], usable=False)


def _inspected(path: Path) -> Inspection:
    if not path.exists():
        return _absent(path)
    file = _of_file(path)
    parts = [file, _rights(path), _disk(path.parent)]
    return Inspection([part for part in parts if part], usable=file.result is Result.OK)


def _absent(path: Path) -> Inspection:
    folder = next((each for each in path.parents if each.exists()), Path())
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        return Inspection([_unwritable(path, folder)], usable=False)
    seen = f"{path} is not there yet; a bridge creates it when it starts."
    parts = [Checkup(FILE, Result.UNKNOWN, seen, "Start the bridge once."), _disk(folder)]
    return Inspection(parts, usable=False)


def _of_file(path: Path) -> Checkup:
    if not path.is_file():
        return Checkup(FILE, Result.WRONG, f"{path} is no file.", "Set SQLITE_PATH to a file.")
    if not os.access(path, os.R_OK | os.W_OK):
        return _unwritable(path, path)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return _unwritable(path, path.parent)
    try:
        # Read-only it would leave its helper files lying beside the file.
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True)) as connection:
            found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.OperationalError as error:
        seen = f"{path} cannot be read now: {error}."
        return Checkup(FILE, Result.UNKNOWN, seen, "Run this again; if it stays so, look who holds the file.")
    except sqlite3.DatabaseError as error:
        seen = f"{path} is no database of ours: {error}."
        return Checkup(FILE, Result.WRONG, seen, "Set SQLITE_PATH to another file, or restore a backup.")
    if found > VERSION:
        seen = f"{path} has schema {found}, and this version knows {VERSION}."
        return Checkup(FILE, Result.WRONG, seen, "Run the newer version, or restore a backup.")
    if found < VERSION:
        seen = f"{path} has schema {found}; a bridge of this version brings it to {VERSION} when it starts."
        return Checkup(FILE, Result.WARNING, seen, "Make a backup, and start the bridge.")
    return Checkup(FILE, Result.OK, f"{path}, schema {found}, can be written.")


def _rights(path: Path) -> Checkup | None:
    if not path.is_file() or not path.stat().st_mode & OTHERS:
        return None
    seen = f"{path} holds tokens, and others on this machine may open it."
    return Checkup(FILE, Result.WARNING, seen, f"Run `chmod 600 {path}`.")


def _disk(folder: Path) -> Checkup:
    free = shutil.disk_usage(folder).free
    seen = f"{free / 1e9:,.1f} GB are free at {folder.resolve()}."
    if free >= LITTLE_BYTES:
        return Checkup(DISK, Result.OK, seen)
    result = Result.WRONG if free < TOO_LITTLE_BYTES else Result.WARNING
    return Checkup(DISK, result, seen, "Make room, or move the file and set SQLITE_PATH.")


def _unwritable(path: Path, where: Path) -> Checkup:
    seen = f"{path} cannot be written: {where} does not let this user."
    return Checkup(
        FILE, Result.WRONG, seen, "Give the user that runs the bridge the right, or set SQLITE_PATH."
    )
