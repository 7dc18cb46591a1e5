"""Notifications on their way: what is to be posted where, when next, and how it went."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal


class DeliveryState(StrEnum):
    """Where a notification is."""

    WAITING = "waiting"
    """It will be tried at its due time."""
    HELD = "held"
    """Kept back on demand."""
    LOST = "lost"
    """Dropped on demand, without a try."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """All ten tries failed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notification for one subscription."""

    id: int
    subscription_id: int
    userid: int
    appli: int
    url: str
    fields: dict[str, str]
    state: DeliveryState
    tries: int
    created_at: float
    due_at: float
    last_status: int | None
    """HTTP status of the last answer; None when there was none."""


class Deliveries:
    """The queue of notifications and its history."""

    SCHEMA: ClassVar = """
        CREATE TABLE IF NOT EXISTS deliveries (
            id INTEGER PRIMARY KEY,
            subscription_id INTEGER NOT NULL,
            userid INTEGER NOT NULL,
            appli INTEGER NOT NULL,
            url TEXT NOT NULL,
            fields TEXT NOT NULL,
            state TEXT NOT NULL,
            tries INTEGER NOT NULL,
            created_at REAL NOT NULL,
            due_at REAL NOT NULL,
            last_status INTEGER
        ) STRICT;
        CREATE INDEX IF NOT EXISTS deliveries_by_due ON deliveries (state, due_at);
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(
        self,
        *,
        subscription_id: int,
        userid: int,
        appli: int,
        url: str,
        fields: Mapping[str, str],
        state: DeliveryState,
        now: float,
    ) -> None:
        self._connection.execute(
            "INSERT INTO deliveries (subscription_id, userid, appli, url, fields, state, tries,"
            " created_at, due_at) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)",
            (subscription_id, userid, appli, url, json.dumps(dict(fields)), state, now, now),
        )

    def next_due(self) -> dict[str, float]:
        """When each URL that has any waiting has its next one due."""
        rows = self._connection.execute(
            "SELECT url, MIN(due_at) AS due_at FROM deliveries WHERE state = ? GROUP BY url",
            (DeliveryState.WAITING,),
        )
        return {row["url"]: row["due_at"] for row in rows}

    def due(self, url: str, *, now: float) -> list[Delivery]:
        """Those whose next try at this URL is due, by due time."""
        rows = self._connection.execute(
            "SELECT * FROM deliveries WHERE state = ? AND due_at <= ? AND url = ? ORDER BY due_at, id",
            (DeliveryState.WAITING, now, url),
        )
        return [_delivery(row) for row in rows]

    def note_try(
        self, delivery: Delivery, *, state: DeliveryState, due_at: float, status: int | None
    ) -> None:
        """Counts a try and keeps its outcome."""
        self._connection.execute(
            "UPDATE deliveries SET tries = tries + 1, state = ?, due_at = ?, last_status = ? WHERE id = ?",
            (state, due_at, status, delivery.id),
        )

    def release(self, *, now: float, order: Literal["oldest", "newest"]) -> int:
        """Makes held ones due now, in the order given; returns how many."""
        rows = self._connection.execute(
            f"SELECT id FROM deliveries WHERE state = ? ORDER BY id {'ASC' if order == 'oldest' else 'DESC'}",  # noqa: S608 one of two literals
            (DeliveryState.HELD,),
        ).fetchall()
        # A microsecond apart, so that they leave in this order.
        self._connection.executemany(
            "UPDATE deliveries SET state = ?, due_at = ? WHERE id = ?",
            [(DeliveryState.WAITING, now - (len(rows) - n) / 1e6, row["id"]) for n, row in enumerate(rows)],
        )
        return len(rows)

    def repeat(self, delivery_id: int, *, now: float) -> bool:
        """Queues a copy of one delivery; False if there is none with this id."""
        return bool(
            self._connection.execute(
                "INSERT INTO deliveries (subscription_id, userid, appli, url, fields, state, tries,"
                " created_at, due_at) SELECT subscription_id, userid, appli, url, fields, ?, 0, ?, ?"
                " FROM deliveries WHERE id = ?",
                (DeliveryState.WAITING, now, now, delivery_id),
            ).rowcount
        )

    def all(self, *, limit: int, after: int = 0, state: DeliveryState | None = None) -> list[Delivery]:
        """The last so many with a higher id than ``after``, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM (SELECT * FROM deliveries WHERE id > ? AND (? IS NULL OR state = ?)"
            " ORDER BY id DESC LIMIT ?) ORDER BY id",
            (after, state, state, limit),
        )
        return [_delivery(row) for row in rows]

    def last_of(self, userid: int) -> Delivery | None:
        """The newest about a person."""
        row = self._connection.execute(
            "SELECT * FROM deliveries WHERE userid = ? ORDER BY id DESC LIMIT 1", (userid,)
        ).fetchone()
        return None if row is None else _delivery(row)

    @property
    def newest(self) -> int:
        """The highest id; 0 without any."""
        row = self._connection.execute("SELECT COALESCE(MAX(id), 0) AS newest FROM deliveries").fetchone()
        return int(row["newest"])


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(
        id=row["id"],
        subscription_id=row["subscription_id"],
        userid=row["userid"],
        appli=row["appli"],
        url=row["url"],
        fields=json.loads(row["fields"]),
        state=DeliveryState(row["state"]),
        tries=row["tries"],
        created_at=row["created_at"],
        due_at=row["due_at"],
        last_status=row["last_status"],
    )
