"""The embedded store: one SQLite file, which a few processes of one machine may share."""

import asyncio
from pathlib import Path
from typing import Self

from withings_bridge.domain.checkups import Inspection
from withings_bridge.storage.sqlite.accounts import SqliteAccounts
from withings_bridge.storage.sqlite.database import Database
from withings_bridge.storage.sqlite.ephemera import SqliteEphemera
from withings_bridge.storage.sqlite.inspecting import inspect
from withings_bridge.storage.sqlite.links import SqliteLinks
from withings_bridge.storage.sqlite.records import SqliteRecords
from withings_bridge.storage.sqlite.trail import SqliteTrail
from withings_bridge.storage.sqlite.vitals import SqliteVitals


class SqliteStorage:
    """Keeps the promises of ``storage.base.Storage`` in the file at a path."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = Database(path)
        self.accounts = SqliteAccounts(self._database)
        self.links = SqliteLinks(self._database)
        self.records = SqliteRecords(self._database)
        self.vitals = SqliteVitals(self._database)
        self.ephemera = SqliteEphemera(self._database)
        self.trail = SqliteTrail(self._database)

    async def __aenter__(self) -> Self:
        await self._database.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._database.close()

    async def ping(self) -> None:
        await self._database.write(lambda connection: connection.execute("SELECT 1").fetchone())

    async def inspect(self) -> Inspection:
        return await asyncio.to_thread(inspect, self._path)
