"""The people of the pretend cloud, their goals and their devices."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

JsonObject = dict[str, Any]

_FIRST_USERID = 40_000_001


@dataclass(frozen=True, slots=True)
class Person:
    """One Withings account."""

    userid: int
    name: str
    timezone: str
    goals: JsonObject

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class People:
    """Who has an account here, and with which devices."""

    SCHEMA: ClassVar = """
        CREATE TABLE IF NOT EXISTS people (
            userid INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            timezone TEXT NOT NULL,
            goals TEXT NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS devices (
            id INTEGER PRIMARY KEY,
            userid INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, *, timezone: str, goals: JsonObject, name: str | None = None) -> Person:
        """A new person; without a name it is called by its number."""
        row = self._connection.execute("SELECT MAX(userid) AS last FROM people").fetchone()
        userid = _FIRST_USERID if row["last"] is None else row["last"] + 1
        person = Person(userid, name or f"Person {userid - _FIRST_USERID + 1}", timezone, goals)
        self._connection.execute(
            "INSERT INTO people VALUES (?, ?, ?, ?)",
            (person.userid, person.name, person.timezone, json.dumps(goals)),
        )
        return person

    def all(self) -> list[Person]:
        rows = self._connection.execute("SELECT * FROM people ORDER BY userid")
        return [_person(row) for row in rows]

    def find(self, userid: int) -> Person | None:
        row = self._connection.execute("SELECT * FROM people WHERE userid = ?", (userid,)).fetchone()
        return None if row is None else _person(row)

    def remove(self, userid: int) -> None:
        self._connection.execute("DELETE FROM devices WHERE userid = ?", (userid,))
        self._connection.execute("DELETE FROM people WHERE userid = ?", (userid,))

    def set_goals(self, userid: int, goals: JsonObject) -> None:
        self._connection.execute("UPDATE people SET goals = ? WHERE userid = ?", (json.dumps(goals), userid))

    def devices(self, userid: int) -> list[JsonObject]:
        """As getdevice shows them."""
        rows = self._connection.execute("SELECT body FROM devices WHERE userid = ? ORDER BY id", (userid,))
        return [json.loads(row["body"]) for row in rows]

    def set_devices(self, userid: int, devices: Iterable[JsonObject]) -> None:
        self._connection.execute("DELETE FROM devices WHERE userid = ?", (userid,))
        self._connection.executemany(
            "INSERT INTO devices (userid, body) VALUES (?, ?)",
            [(userid, json.dumps(device)) for device in devices],
        )


def _person(row: sqlite3.Row) -> Person:
    return Person(row["userid"], row["name"], row["timezone"], json.loads(row["goals"]))
