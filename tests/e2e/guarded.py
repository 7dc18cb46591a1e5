"""A bridge that wants to know who calls, as a process of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.running import NOWHERE
from processes import Process, free_port
from withings_bridge.callers import ApiKey, Scope


@dataclass(frozen=True)
class Guarded:
    """Where it is, and who may call it."""

    url: str
    key: str
    """One that reads, and may not sync."""
    operator: str
    """One that may do everything."""


@contextmanager
def guarded_bridge(folder: Path) -> Iterator[Guarded]:
    """The bridge for as long as it is needed; its store is in the folder, its Withings nowhere."""
    key, reader = ApiKey.made("reader", Scope.READ)
    operator, admin = ApiKey.made("operator", Scope.ADMIN)
    port = free_port()
    url = f"http://localhost:{port}"
    env = {
        "PORT": str(port),
        "API_KEYS": f"{reader},{admin}",
        "SQLITE_PATH": str(folder / "bridge.db"),
        "WITHINGS_CLIENT_ID": "id",
        "WITHINGS_CLIENT_SECRET": "secret",
        "WITHINGS_API_URL": NOWHERE,
    }
    process = Process("serve", env=env, folder=folder, url=f"{url}/health")
    try:
        process.start()
        yield Guarded(url, key, operator)
    finally:
        process.kill()
