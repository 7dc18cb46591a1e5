"""A crowd imports a year each within Withings' quota, while people go on weighing themselves.

Prints what Withings counted, how long live weigh-ins took, and the time of the whole against the
shortest that the budget allows. Two hundred people at 120 calls a minute take about forty minutes.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from e2e.crowd import Crowd, percentile
from e2e.stores import SqliteFile


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--quota", type=int, default=120, help="calls a minute")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--every", type=float, default=5, help="seconds between two weigh-ins")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        crowd = Crowd(
            SqliteFile(Path(folder) / "data" / "bridge.db"),
            Path(folder),
            people=asked.people,
            days=asked.days,
            quota=asked.quota,
            replicas=asked.replicas,
        )
        try:
            crowd.start()
            crowd.link_all()
            chooser = random.Random(asked.people)  # noqa: S311 - guards nothing
            took = list(crowd.weigh_ins(every=asked.every, chooser=chooser))
            journal = crowd.journal()
        finally:
            crowd.end()
    # A minute's budget could be spent in the first moment.
    shortest = max(1, journal.calls - asked.quota) / asked.quota * 60
    lasted = journal.lasted.total_seconds()
    rows = {
        "people, days, calls a minute, replicas": (asked.people, asked.days, asked.quota, asked.replicas),
        "calls": journal.calls,
        "refused for the quota (601)": journal.too_fast,
        "calls in the busiest 60 s": journal.busiest_minute,
        "time / shortest possible": f"{lasted:.0f} / {shortest:.0f} s = {lasted / shortest:.3f}",
        "live weigh-ins during the import": len(took),
        "  to the row: median, 95th percentile, longest": ", ".join(
            f"{time.total_seconds():.2f} s"
            for time in (percentile(took, 0.5), percentile(took, 0.95), max(took))
        ),
    }
    for name, value in rows.items():
        print(f"{name:48} {value}")


if __name__ == "__main__":
    main()
