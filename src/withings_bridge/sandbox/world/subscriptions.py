"""Who asked to be notified of what, and where."""

import sqlite3
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Subscription:
    """One category of one person, announced to one URL of one client."""

    id: int
    client_id: str
    userid: int
    appli: int
    url: str
    comment: str
    failing_since: float | None
    """Since when no delivery succeeded, or None."""


class Subscriptions:
    """Keeps subscriptions; what makes two of them the same is the caller's to decide."""

    SCHEMA: ClassVar = """
        CREATE TABLE IF NOT EXISTS subscriptions (
            id INTEGER PRIMARY KEY,
            client_id TEXT NOT NULL,
            userid INTEGER NOT NULL,
            appli INTEGER NOT NULL,
            url TEXT NOT NULL,
            comment TEXT NOT NULL,
            failing_since REAL
        ) STRICT;
        CREATE INDEX IF NOT EXISTS subscriptions_by_person ON subscriptions (userid, appli);
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, *, client_id: str, userid: int, appli: int, url: str, comment: str) -> None:
        self._connection.execute(
            "INSERT INTO subscriptions (client_id, userid, appli, url, comment) VALUES (?, ?, ?, ?, ?)",
            (client_id, userid, appli, url, comment),
        )

    def find(
        self,
        userid: int,
        *,
        client_id: str | None = None,
        appli: int | None = None,
        url: str | None = None,
    ) -> list[Subscription]:
        """A person's subscriptions, narrowed by what is given, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM subscriptions WHERE userid = ? AND (? IS NULL OR client_id = ?)"
            " AND (? IS NULL OR appli = ?) AND (? IS NULL OR url = ?) ORDER BY id",
            (userid, client_id, client_id, appli, appli, url, url),
        )
        return [Subscription(**row) for row in rows]

    def change(self, subscription: Subscription, *, appli: int, url: str, comment: str) -> None:
        self._connection.execute(
            "UPDATE subscriptions SET appli = ?, url = ?, comment = ? WHERE id = ?",
            (appli, url, comment, subscription.id),
        )

    def remove(self, subscription_id: int) -> None:
        self._connection.execute("DELETE FROM subscriptions WHERE id = ?", (subscription_id,))

    def remove_all(self, userid: int, *, client_id: str | None = None) -> None:
        self._connection.execute(
            "DELETE FROM subscriptions WHERE userid = ? AND (? IS NULL OR client_id = ?)",
            (userid, client_id, client_id),
        )

    def note_success(self, subscription_id: int) -> None:
        self._connection.execute(
            "UPDATE subscriptions SET failing_since = NULL WHERE id = ?", (subscription_id,)
        )

    def note_failure(self, subscription_id: int, *, now: float) -> float:
        """Since when this subscription has been failing; ``now`` if this is the first time."""
        self._connection.execute(
            "UPDATE subscriptions SET failing_since = COALESCE(failing_since, ?) WHERE id = ?",
            (now, subscription_id),
        )
        row = self._connection.execute(
            "SELECT failing_since FROM subscriptions WHERE id = ?", (subscription_id,)
        ).fetchone()
        return now if row is None else float(row["failing_since"])
