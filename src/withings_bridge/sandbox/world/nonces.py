"""Nonces for signed calls: good for half an hour and for one call."""

import secrets
import sqlite3
from typing import ClassVar

NONCE_SECONDS = 1_800


class Nonces:
    """Issues nonces and takes them back."""

    SCHEMA: ClassVar = """
        CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, expires_at REAL NOT NULL) STRICT;
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def issue(self, *, now: float) -> str:
        nonce = secrets.token_hex(20)
        self._connection.execute("INSERT INTO nonces VALUES (?, ?)", (nonce, now + NONCE_SECONDS))
        return nonce

    def spend(self, nonce: str, *, now: float) -> bool:
        """Whether the nonce was good; it is not any more."""
        row = self._connection.execute(
            "DELETE FROM nonces WHERE nonce = ? RETURNING expires_at", (nonce,)
        ).fetchone()
        return row is not None and row["expires_at"] > now
