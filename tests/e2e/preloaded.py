"""``withings-bridge`` at a shell, forked from a process that has imported everything.

A page of commands would spend a second on each otherwise. The program in ``bin`` hands its arguments, its
environment and its streams to that process, and ends as the command ends.
"""

import array
import json
import os
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processes import eventually

SHIM = """\
#!{python} -IS
import array, json, os, socket, sys
asked = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
with socket.socket(socket.AF_UNIX) as line:
    line.connect({path!r})
    streams = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))
    line.sendmsg([len(asked).to_bytes(4, "big")], [streams])
    line.sendall(asked)
    code = line.recv(1)
sys.exit(code[0] if code else 70)
"""


@contextmanager
def preloaded(folder: Path) -> Iterator[Path]:
    """A folder with the program, for ``PATH``, for as long as it is needed."""
    path = folder / "line"
    programs = folder / "bin"
    programs.mkdir()
    program = programs / "withings-bridge"
    program.write_text(SHIM.format(python=sys.executable, path=str(path)))
    program.chmod(0o755)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    server = subprocess.Popen([sys.executable, __file__, str(path)], env=env)  # noqa: S603 - this file
    try:
        eventually("the program is loaded", path.exists)
        yield programs
    finally:
        server.kill()
        server.wait()


def serve(path: str) -> None:
    """Take calls for ever, each in a process of its own."""
    from withings_bridge.cli import commands, main  # noqa: F401 - loaded before anybody asks
    from withings_bridge.storage import sqlite  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        while True:
            line, _ = listening.accept()
            with line:
                if os.fork() == 0:
                    listening.close()
                    _answer(line)


def _answer(line: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, ancillary, _, _ = line.recvmsg(4, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    streams = array.array("i", ancillary[0][2])
    asked = line.makefile("rb").read(int.from_bytes(head, "big"))
    arguments, environment, folder = json.loads(asked)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    warnings.simplefilter("error", RuntimeWarning)
    sys.argv = ["withings-bridge", *arguments]
    line.send(bytes([_run()]))
    os._exit(0)


def _run() -> int:
    from withings_bridge.cli import main

    try:
        main()
    except SystemExit as end:
        code = end.code
    else:
        code = 0
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    serve(sys.argv[1])
