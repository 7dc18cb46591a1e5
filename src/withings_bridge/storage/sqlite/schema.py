"""The tables of the embedded store and how they come to be; what stands in them is left to the intents.

``vitals_di_tokens`` and ``user_vitals`` have the attributes of Vitals7's tables as columns, under
the same names; an absent attribute is NULL. The others are the bridge's own. Instants in them
are epoch microseconds.
"""

import sqlite3

from withings_bridge.domain.errors import StorageUnavailable

VERSION = 5
"""Kept in ``PRAGMA user_version``; a change of the tables raises it and says how to get there."""

_TRAIL = (
    """
    CREATE TABLE trail (
        place TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        step TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX trail_by_account ON trail (account, place)",
)

# What was announced of accounts since their documents were written: a line each, in the order in which they
# came, so that lines that come together are on one page of the file, and of the index by time.
_ANNOUNCEMENTS = (
    """
    CREATE TABLE announcements (
        number INTEGER PRIMARY KEY,
        userid TEXT NOT NULL,
        at INTEGER NOT NULL,
        line TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX announcements_by_account ON announcements (userid)",
    "CREATE INDEX announcements_by_time ON announcements (at)",
)

_TABLES = (
    """
    CREATE TABLE vitals_di_tokens (
        userId TEXT PRIMARY KEY,
        cognito_user_id TEXT,
        access_token TEXT,
        refresh_token TEXT,
        expires_in INTEGER,
        expires_at INTEGER,
        created_at INTEGER,
        updated_at INTEGER,
        api_name TEXT,
        token_type TEXT,
        withings_userid TEXT,
        last_vitals7_push_at INTEGER
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE user_vitals (
        user_id TEXT NOT NULL,
        item_key TEXT NOT NULL,
        id TEXT,
        vitalType TEXT,
        value TEXT,
        units TEXT,
        recordedAt INTEGER,
        recordedBy TEXT,
        created_at INTEGER,
        created_by TEXT,
        sourceId TEXT,
        deviceUsed TEXT,
        recordingContext TEXT,
        notes TEXT,
        PRIMARY KEY (user_id, item_key)
    ) STRICT, WITHOUT ROWID
    """,
    # The document is the account, but for what was announced since it was written. The other columns are
    # taken from it so that claims find it.
    """
    CREATE TABLE accounts (
        userid TEXT PRIMARY KEY,
        document TEXT NOT NULL,
        due_live INTEGER,
        due_errand INTEGER,
        due_reconcile INTEGER,
        due_backfill INTEGER,
        leased_until INTEGER
    ) STRICT
    """,
    "CREATE INDEX accounts_due_live ON accounts (due_live) WHERE due_live IS NOT NULL",
    "CREATE INDEX accounts_due_errand ON accounts (due_errand) WHERE due_errand IS NOT NULL",
    "CREATE INDEX accounts_due_reconcile ON accounts (due_reconcile) WHERE due_reconcile IS NOT NULL",
    "CREATE INDEX accounts_due_backfill ON accounts (due_backfill) WHERE due_backfill IS NOT NULL",
    *_ANNOUNCEMENTS,
    # A row without a body is a tombstone: it stays so that the change feed can tell of the removal.
    """
    CREATE TABLE records (
        userid TEXT NOT NULL,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        number INTEGER NOT NULL,
        saved_at INTEGER NOT NULL,
        at INTEGER,
        modified INTEGER,
        body ANY,
        PRIMARY KEY (userid, kind, key)
    ) STRICT
    """,
    "CREATE INDEX records_by_time ON records (userid, kind, at, key) WHERE at IS NOT NULL",
    "CREATE UNIQUE INDEX records_by_number ON records (userid, number)",
    """
    CREATE TABLE ephemera (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX ephemera_until ON ephemera (until)",
    *_TRAIL,
)


_UPGRADES: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE accounts ADD COLUMN due_errand INTEGER",
        "CREATE INDEX accounts_due_errand ON accounts (due_errand) WHERE due_errand IS NOT NULL",
    ),
    2: (
        """
        CREATE TABLE trail (
            place TEXT PRIMARY KEY,
            account TEXT NOT NULL,
            step TEXT NOT NULL,
            until INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX trail_by_account ON trail (account, place)",
        "CREATE INDEX trail_until ON trail (until)",
    ),
    3: ("ALTER TABLE accounts ADD COLUMN announced TEXT NOT NULL DEFAULT ''",),
    # All lines of an account at once are read as the lines they are.
    4: (
        *_ANNOUNCEMENTS,
        """
        INSERT INTO announcements (userid, at, line)
        SELECT userid, due_live, rtrim(announced, char(10)) FROM accounts WHERE announced <> ''
        """,
        "ALTER TABLE accounts DROP COLUMN announced",
        # A step's place tells how old it is.
        "DROP INDEX trail_until",
        "ALTER TABLE trail DROP COLUMN until",
    ),
}
"""What turns a file of each version into one of the next."""


def create(connection: sqlite3.Connection) -> None:
    """Create the tables of a new file; leave those of a known one alone.

    Several processes may do this at the same time. Raises ``StorageUnavailable`` for a file that a
    later version of the bridge has written.
    """
    if _version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _bring_up_to_date(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    found = _version(connection)
    if found > VERSION:
        raise StorageUnavailable(
            f"The database has schema {found} and this version of the bridge knows {VERSION}: "
            "run the newer version, or restore a backup."
        )
    steps = [_TABLES] if found == 0 else [_UPGRADES[version] for version in range(found, VERSION)]
    for statement in (statement for step in steps for statement in step):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
