"""``withings-bridge`` at a shell, forked from a process that has imported everything.

A page of commands would spend a second on each otherwise. The program in ``bin`` hands its arguments, its
environment, its streams and what signals it gets to that process, and ends as the command ends.
"""

import array
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from processes import eventually

PRELOADED = (
    "httpcore",
    "withings_bridge.cli.commands",
    "withings_bridge.cli.menu",
    "withings_bridge.cli.serving",
    "withings_bridge.storage.sqlite",
)

SHIM = """\
#!{python} -IS
import array, json, os, signal, socket, sys
asked = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
with socket.socket(socket.AF_UNIX) as line:
    line.connect({path!r})
    streams = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))
    line.sendmsg([len(asked).to_bytes(4, "big")], [streams])
    line.sendall(asked)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: line.sendall(bytes([number])))
    code = line.recv(1)
sys.exit(code[0] if code else 70)
"""


@contextmanager
def preloaded(folder: Path, **variables: str) -> Iterator[Path]:
    """A folder with the program, for ``PATH``, for as long as it is needed; what is read when it is loaded
    may be among the variables.
    """
    path = folder / "line"
    programs = folder / "bin"
    programs.mkdir()
    program = programs / "withings-bridge"
    program.write_text(SHIM.format(python=sys.executable, path=str(path)))
    program.chmod(0o755)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])} | variables
    command = [sys.executable, __file__, str(path)]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE):  # noqa: S603 - this file
        # At the end its input is closed, as it is when the tests are killed, and it ends.
        eventually("the program is loaded", path.exists)
        yield programs


def serve(path: str) -> None:
    """Take calls until the input ends, each in a process of its own."""
    for name in PRELOADED:
        import_module(name)

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{path}.new")
        listening.listen()
        Path(f"{path}.new").rename(path)
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
            line, _ = listening.accept()
            with line:
                if os.fork() == 0:
                    listening.close()
                    _answer(line)


def _answer(line: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Ignored where the tests run in the background of a shell.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    head, ancillary, _, _ = line.recvmsg(4, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    streams = array.array("i", ancillary[0][2])
    asked = line.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
    arguments, environment, folder = json.loads(asked)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    warnings.simplefilter("error", RuntimeWarning)
    sys.argv = ["withings-bridge", *arguments]
    threading.Thread(target=_hear, args=(line,), daemon=True).start()
    line.send(bytes([_run()]))
    os._exit(0)


def _hear(line: socket.socket) -> None:
    """Take signals as if they had been sent here, and end with who sends them."""
    while number := line.recv(1):
        os.kill(os.getpid(), number[0])
    os._exit(1)


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
