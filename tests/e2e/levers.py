"""What a test moves in running bridges without their noticing: the clock, and the point of death.

Both lie in small files that are mapped into memory on either side.
"""

import mmap
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_SECONDS = struct.Struct("d")
_TEXT_BYTES = 256
_SPRUNG = b"sprung"


class MovableClock:
    """The system's time plus an offset, the same for everybody who opens the file."""

    def __init__(self, path: Path) -> None:
        self._mapped = _mapped(path, _SECONDS.size)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    @property
    def offset(self) -> timedelta:
        (seconds,) = _SECONDS.unpack(self._mapped[:])
        return timedelta(seconds=seconds)

    @offset.setter
    def offset(self, offset: timedelta) -> None:
        self._mapped[:] = _SECONDS.pack(offset.total_seconds())


@dataclass(frozen=True, slots=True)
class Failpoint:
    """Where a process kills itself: before or after the nth passing of a step from now on."""

    step: str
    moment: str
    passing: int = 1

    def __str__(self) -> str:
        return f"{self.moment} {self.step} ({self.passing})"


class Trap:
    """The failpoint that is set, if any; it counts passings in the process that may fall into it."""

    def __init__(self, path: Path) -> None:
        self._mapped = _mapped(path, _TEXT_BYTES)
        self._seen = b""
        self._passings = 0

    def set(self, failpoint: Failpoint | None) -> None:
        """Set it anew, or take it away."""
        text = f"{failpoint.passing}/{failpoint.moment}/{failpoint.step}" if failpoint else ""
        self._write(text)

    @property
    def sprung(self) -> bool:
        """Whether a process has fallen into it, though its end may not be known yet."""
        return self._mapped[:].rstrip(b"\0") == _SPRUNG

    def springs(self, step: str, moment: str) -> bool:
        """Whether this passing is the one to die at."""
        raw = self._mapped[:]
        if raw != self._seen:
            self._seen, self._passings = raw, 0
        text = raw.rstrip(b"\0").decode()
        if text.count("/") < 2:
            return False
        passing, set_moment, set_step = text.split("/", 2)
        if (set_moment, set_step) != (moment, step):
            return False
        self._passings += 1
        if self._passings < int(passing):
            return False
        self._write(_SPRUNG.decode())
        return True

    def _write(self, text: str) -> None:
        self._mapped[:] = text.encode().ljust(_TEXT_BYTES, b"\0")


def _mapped(path: Path, size: int) -> mmap.mmap:
    with path.open("a+b") as file:
        if path.stat().st_size < size:
            file.truncate(size)
        return mmap.mmap(file.fileno(), size)
