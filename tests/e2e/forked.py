"""Processes that a preloaded server forks: as real as others, and at work in a tenth of the time.

Hundreds of kills want hundreds of starts, and importing everything anew would take a second of each.
"""

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from processes import PATIENCE_SECONDS, Process
from withings_bridge.cli import main

PRELOADED = [
    "aioboto3",
    "httpcore",
    "pytest",  # multiprocessing imports the main module in every child
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "withings_bridge.cli.commands",
    "withings_bridge.cli.menu",
    "withings_bridge.cli.serving",
    "withings_bridge.storage.dynamodb.links",
    "withings_bridge.storage.sqlite",
]


class Forked(Process):
    """``withings-bridge ...`` in a process of its own, with an environment and a log of its own."""

    def __init__(
        self,
        *arguments: str,
        env: Mapping[str, str],
        folder: Path,
        url: str,
        name: str = "",
        program: Callable[[], None] = main,
    ) -> None:
        super().__init__(*arguments, env=env, folder=folder, url=url, name=name)
        self._program = program
        self._child: ForkServerProcess | None = None

    def _launch(self) -> None:
        self._child = _server().Process(
            target=_begin,
            args=(self._program, self._arguments, self._env, self._folder, self._log),
            daemon=True,
        )
        self._child.start()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing where it does not run."""
        if self._child is not None and self._child.pid is not None and self._child.exitcode is None:
            os.kill(self._child.pid, number)

    def await_end(self, *, within: float = PATIENCE_SECONDS) -> int:
        """Its exit code once it has ended, negative where a signal ended it; 0 where it never ran."""
        if self._child is None:
            return 0
        self._child.join(within)
        code = self._child.exitcode
        assert code is not None, f"it did not end within {within:g} s; its log:\n{self.log}"
        self._child.close()
        self._child = None
        return code

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    @property
    def running(self) -> bool:
        return self._child is not None

    def ended(self) -> int | None:
        """Its exit code where it has ended by itself."""
        return self._child.exitcode if self._child is not None else None


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _begin(
    program: Callable[[], None], arguments: Sequence[str], env: Mapping[str, str], folder: Path, log: Path
) -> None:
    """In the child: become what a shell would have started, but for outliving the tests."""
    threading.Thread(target=_end_with_the_tests, daemon=True).start()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    writing = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for output in (sys.stdout, sys.stderr):
        os.dup2(writing, output.fileno())
    warnings.simplefilter("error", RuntimeWarning)
    sys.argv = ["withings-bridge", *arguments]
    program()


def _end_with_the_tests() -> None:
    """A test run that is killed ends nobody, and leaves the pipe behind."""
    tests = multiprocessing.parent_process()
    if tests is not None:
        tests.join()
        os._exit(1)
