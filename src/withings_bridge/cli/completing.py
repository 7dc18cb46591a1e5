"""What the shell offers after Tab, as far as it is at hand: no network is asked, and nothing is created.

Whatever goes wrong, nothing is offered: a shell has no place for an error.
"""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from withings_bridge.storage.sqlite import SqliteStorage

MOST_USERS = 500


def users(incomplete: str) -> list[str]:
    """Linked users, where the store is a file of this machine; else the user of the environment."""
    try:
        return [user for user in sorted(set(_users())) if user.startswith(incomplete)]
    except Exception:  # noqa: BLE001 - whatever it is
        return []


def metrics(incomplete: str) -> list[str]:
    """The names of metrics."""
    from withings_bridge.domain.metrics import METRICS

    return [name for name in METRICS if name.startswith(incomplete)]


def _users() -> Iterator[str]:
    from withings_bridge.settings import Settings, StorageKind

    settings = Settings.load()
    if settings.default_user:
        yield settings.default_user
    if settings.storage is StorageKind.SQLITE:
        from withings_bridge.storage.sqlite import SqliteStorage

        yield from asyncio.run(_linked(SqliteStorage(settings.sqlite_path)))


async def _linked(storage: "SqliteStorage") -> list[str]:
    if not (await storage.inspect()).usable:
        return []  # opening it would create or change it
    async with storage:
        accounts = await storage.accounts.list(limit=MOST_USERS)
    return [user for account in accounts for user in account.users]
