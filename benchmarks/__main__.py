"""Measures what the bridge promises of speed and cost, and prints one table of ratios.

``python benchmarks`` measures all, ``python benchmarks decoding starting`` those parts. Each part is a
module beside this one with a function ``measure`` that returns its ratios; parts run one after
another, since they share the machine. Nothing is asserted: machines are noisy, ratios a little less so.
"""

import argparse
import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from ratios import Ratio, table

PARTS: tuple[str, ...] = (
    "acknowledgement",
    "calls",
    "importing",
    "decoding",
    "starting",
    "memory",
    "scheduling",
)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all unless named")
    parts = asked.parse_args().parts or PARTS
    if unknown := set(parts) - set(PARTS):
        asked.error(f"there is no {', '.join(sorted(unknown))}: name some of {', '.join(PARTS)}")
    measured: list[Ratio] = []
    for part in parts:
        print(f"measuring {part} ...", file=sys.stderr)
        measured += importlib.import_module(part).measure()
    print(table(measured))


if __name__ == "__main__":
    main()
