"""From the start of ``withings-bridge serve`` on SQLite to the first 200 of ``/health``; beside it a Python
that does no more than import FastAPI and uvicorn, and a bare app that serves.

Bytecode is made beforehand, as it is in a container's image. Two times are told: by the clock, which others'
work on the machine draws out, and of the processor, which bears it better. Both end with the first 200: how
long a server takes to end is in neither.
"""

import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ratios import Ratio, Target

from processes import free_port

ROUNDS = 11
POLL_SECONDS = 0.01
"""To ask more often takes from the server what is measured."""

IMPORTS = "import fastapi, uvicorn"
BARE = """
import sys, fastapi, uvicorn
app = fastapi.FastAPI()
@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
uvicorn.run(app, port=int(sys.argv[1]), log_level="critical")
"""


class Took(NamedTuple):
    """Milliseconds from the start of a process on."""

    processor: float
    clock: float


def measure() -> list[Ratio]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways: dict[str, Callable[[], Took]] = {
            "bridge": lambda: until_200(folder, "-m", "withings_bridge", "serve"),
            "bare": lambda: until_200(folder, "-c", BARE),
            "imports": lambda: until_end(folder, "-c", IMPORTS),
            "help": lambda: until_end(folder, "-m", "withings_bridge", "--help"),
        }
        took: dict[str, list[Took]] = {way: [] for way in ways}
        for number in range(ROUNDS + 1):
            for way, run in ways.items():
                one = run()
                if number:  # the first makes the bytecode, and the store
                    took[way].append(one)
    typical = {way: Took(*map(statistics.median, zip(*times, strict=True))) for way, times in took.items()}
    bridge, bare, imports, help_ = (typical[way] for way in ways)
    start = "Start to first 200 on SQLite / importing FastAPI and uvicorn"
    return [
        Ratio(f"{start}, of the processor", bridge.processor, imports.processor, "ms", Target(2.0)),
        Ratio(f"{start}, by the clock", bridge.clock, imports.clock, "ms"),
        Ratio(
            "The same / a bare FastAPI app to its first 200, of the processor",
            bridge.processor,
            bare.processor,
            "ms",
        ),
        Ratio(
            "`withings-bridge --help` / importing FastAPI and uvicorn, of the processor",
            help_.processor,
            imports.processor,
            "ms",
        ),
    ]


def environment(folder: Path, port: int = 0) -> dict[str, str]:
    """Of a bridge that has credentials, so that no sandbox starts beside it, and nobody to ask about."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "PORT": str(port),
        "SQLITE_PATH": str(folder / "bridge.db"),
        "WITHINGS_CLIENT_ID": "benchmark",
        "WITHINGS_CLIENT_SECRET": "benchmark",
        "WITHINGS_API_URL": "http://127.0.0.1:9",
    }


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[int]:
    """A server on a port of its own, once it answers: its process id."""
    port = free_port()
    process = subprocess.Popen(  # noqa: S603 - our own programs
        [sys.executable, *arguments, *([str(port)] if BARE in arguments else [])],
        env=environment(folder, port),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _healthy(port):
            if process.poll() is not None:
                raise RuntimeError(f"It ended with {process.returncode}: {arguments[:2]}")
            time.sleep(POLL_SECONDS)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def until_200(folder: Path, *arguments: str) -> Took:
    began = time.perf_counter()
    with serving(folder, *arguments) as pid:
        return Took(_processor(pid), 1000 * (time.perf_counter() - began))


def until_end(folder: Path, *arguments: str) -> Took:
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own programs
        [sys.executable, *arguments], env=environment(folder), cwd=folder, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"It ended with {process.returncode}: {arguments[:2]}")
    return Took(1000 * (used.ru_utime + used.ru_stime), 1000 * (time.perf_counter() - began))


def _processor(pid: int) -> float:
    """Milliseconds that the process has had of the processor so far; Linux counts them in hundredths."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    user, system = fields[11], fields[12]
    return 1000 * (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's
    except OSError:
        return False
    finally:
        connection.close()
