"""What a bridge on SQLite holds of memory: idle, and after it imported ten years of one person.

Beside it a bare FastAPI app that serves, and a bridge that imported one year.
"""

import tempfile
from pathlib import Path

from history import memory, through_a_bridge
from ratios import Ratio, Target
from starting import BARE, serving


def measure() -> list[Ratio]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder, "-c", BARE) as pid:
            bare = memory(pid)
        with serving(folder, "-m", "withings_bridge", "serve") as pid:
            idle = memory(pid)
        one, ten = (through_a_bridge(folder / str(years), years) for years in (1, 10))
    return [
        Ratio("Memory of an idle bridge / a bare FastAPI app", idle, bare, "MB"),
        Ratio("Memory after importing ten years / idle", ten.after, ten.before, "MB"),
        Ratio("Most memory while importing ten years / one year", ten.most, one.most, "MB", Target(1.2)),
    ]
