"""Authorization codes and token pairs, with Withings' rules of rotation.

A refresh issues a child pair. The parent's refresh token then lives 8 h more, and the parent dies
altogether at the first use of the child's access token.
"""

import secrets
import sqlite3
from dataclasses import dataclass
from typing import ClassVar

CODE_SECONDS = 30
ACCESS_SECONDS = 10_800
REFRESH_SECONDS = 365 * 86_400
GRACE_SECONDS = 8 * 3_600


@dataclass(frozen=True, slots=True)
class Code:
    """What an authorization code stands for."""

    userid: int
    client_id: str
    scope: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access and a refresh token issued together."""

    id: int
    userid: int
    client_id: str
    scope: str
    """Granted scopes, joined by commas in the order they were asked for."""
    access_token: str
    refresh_token: str

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split(","))


class Grants:
    """Issues, honours and ends codes and token pairs. Every time is given by the caller."""

    SCHEMA: ClassVar = """
        CREATE TABLE IF NOT EXISTS codes (
            code TEXT PRIMARY KEY,
            userid INTEGER NOT NULL,
            client_id TEXT NOT NULL,
            scope TEXT NOT NULL,
            redirect_uri TEXT NOT NULL,
            expires_at REAL NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS pairs (
            id INTEGER PRIMARY KEY,
            parent INTEGER,
            userid INTEGER NOT NULL,
            client_id TEXT NOT NULL,
            scope TEXT NOT NULL,
            access_token TEXT NOT NULL UNIQUE,
            refresh_token TEXT NOT NULL UNIQUE,
            access_until REAL NOT NULL,
            refresh_until REAL NOT NULL,
            used INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX IF NOT EXISTS pairs_by_person ON pairs (userid, client_id);
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def issue_code(self, code: Code, *, now: float) -> str:
        value = secrets.token_hex(20)
        self._connection.execute(
            "INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?)",
            (value, code.userid, code.client_id, code.scope, code.redirect_uri, now + CODE_SECONDS),
        )
        return value

    def spend_code(self, value: str, *, now: float) -> Code | None:
        """What the code stands for, once and within 30 s; None ever after."""
        row = self._connection.execute("DELETE FROM codes WHERE code = ? RETURNING *", (value,)).fetchone()
        if row is None or row["expires_at"] <= now:
            return None
        return Code(row["userid"], row["client_id"], row["scope"], row["redirect_uri"])

    def issue(
        self, *, userid: int, client_id: str, scope: str, now: float, parent: int | None = None
    ) -> TokenPair:
        """A new pair; a parent's refresh token has 8 h from its first child on."""
        access, refresh = secrets.token_hex(20), secrets.token_hex(20)
        cursor = self._connection.execute(
            "INSERT INTO pairs (parent, userid, client_id, scope, access_token, refresh_token,"
            " access_until, refresh_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (parent, userid, client_id, scope, access, refresh, now + ACCESS_SECONDS, now + REFRESH_SECONDS),
        )
        self._connection.execute(
            "UPDATE pairs SET refresh_until = MIN(refresh_until, ?) WHERE id = ?",
            (now + GRACE_SECONDS, parent),
        )
        if cursor.lastrowid is None:
            raise RuntimeError("SQLite gave no row id for the new pair")
        return TokenPair(cursor.lastrowid, userid, client_id, scope, access, refresh)

    def by_access_token(self, token: str, *, now: float) -> TokenPair | None:
        """The pair of a live access token."""
        return self._pair("access_token = ? AND access_until > ?", token, now)

    def by_refresh_token(self, token: str, *, now: float) -> TokenPair | None:
        """The pair of a live refresh token."""
        return self._pair("refresh_token = ? AND refresh_until > ?", token, now)

    def whose(self, *, access_token: str | None, refresh_token: str | None, code: str | None) -> int | None:
        """Whose token or unspent code one of these is, live or not; None if it is nobody's."""
        row = self._connection.execute(
            "SELECT userid FROM pairs WHERE access_token = ?"
            " UNION ALL SELECT userid FROM pairs WHERE refresh_token = ?"
            " UNION ALL SELECT userid FROM codes WHERE code = ? LIMIT 1",
            (access_token, refresh_token, code),
        ).fetchone()
        return None if row is None else int(row["userid"])

    def newest_child(self, pair: TokenPair) -> TokenPair | None:
        return self._pair("parent = ? AND refresh_until > ? ORDER BY id DESC", pair.id, 0)

    def newest(self, userid: int, client_id: str, *, now: float) -> TokenPair | None:
        """The live pair this person's last consent or refresh gave the client."""
        return self._pair(
            "userid = ? AND client_id = ? AND refresh_until > ? ORDER BY id DESC", userid, client_id, now
        )

    def use(self, pair: TokenPair, *, now: float, spare_access: bool) -> None:
        """Notes a use of the access token; at the first, all older pairs of its line die.

        ``spare_access`` leaves their access tokens to expire by themselves.
        """
        first = self._connection.execute(
            "UPDATE pairs SET used = 1 WHERE id = ? AND used = 0", (pair.id,)
        ).rowcount
        if not first:
            return
        self._connection.execute(
            "WITH RECURSIVE line (id, parent) AS ("
            "  SELECT id, parent FROM pairs WHERE id = ?"
            "  UNION SELECT older.id, older.parent FROM pairs AS older JOIN line ON older.id = line.parent)"
            " UPDATE pairs SET refresh_until = MIN(refresh_until, ?),"
            "  access_until = CASE WHEN ? THEN access_until ELSE MIN(access_until, ?) END"
            " WHERE id IN (SELECT id FROM line) AND id <> ?",
            (pair.id, now, spare_access, now, pair.id),
        )

    def end(self, userid: int, *, now: float, client_id: str | None = None) -> None:
        """Ends all pairs and codes of a person, or those of one client."""
        condition = "userid = ? AND (? IS NULL OR client_id = ?)"
        values = (userid, client_id, client_id)
        self._connection.execute(
            "UPDATE pairs SET access_until = MIN(access_until, ?), refresh_until = MIN(refresh_until, ?)"  # noqa: S608 the condition is a literal
            f" WHERE {condition}",
            (now, now, *values),
        )
        self._connection.execute(f"DELETE FROM codes WHERE {condition}", values)  # noqa: S608 as above

    def linked(self, userid: int, *, now: float) -> bool:
        """Whether some client holds a live pair of this person."""
        return self._pair("userid = ? AND refresh_until > ?", userid, now) is not None

    def _pair(self, condition: str, *values: object) -> TokenPair | None:
        row = self._connection.execute(
            f"SELECT * FROM pairs WHERE {condition} LIMIT 1",  # noqa: S608 conditions are literals above
            values,
        ).fetchone()
        if row is None:
            return None
        return TokenPair(
            row["id"],
            row["userid"],
            row["client_id"],
            row["scope"],
            row["access_token"],
            row["refresh_token"],
        )
