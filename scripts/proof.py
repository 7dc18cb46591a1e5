"""Runs the long proof: the tests marked ``proof``, with hundreds of rounds of random lives and kills.

``PROOF_ROUNDS`` and ``PROOF_SEED`` say how many rounds, and from which seed on. Writes nothing into the
tree; with ``--record`` the outcome goes into docs/reliability.md.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- proof:begin -->", "<!-- proof:end -->"

ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the proof and how it ended."""

    at: datetime
    rounds: int
    seed: int
    engines: str
    tests: int
    failures: int
    """Failed, broken, or skipped: what was skipped is not proven."""
    seconds: float

    @property
    def block(self) -> str:
        """As the page shows it."""
        outcome = "all passed" if self.tests and not self.failures else f"{self.failures} not passed"
        lines = (
            ("Date", f"{self.at:%Y-%m-%d}"),
            ("Engines", self.engines),
            ("Rounds of random lives and kills", f"{self.rounds} on each, seeds from {self.seed} on"),
            ("Tests", f"{self.tests} in {self.seconds / 60:.0f} minutes"),
            ("Outcome", outcome),
        )
        return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in lines)])


def main() -> int:
    """Run, tell, and record if asked to; the exit code of the tests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dynamodb", default="moto", help="the DynamoDB engine, for the record")
    parser.add_argument("--record", action="store_true", help=f"write the outcome into {PAGE.name}")
    asked, more = parser.parse_known_args()
    rounds = int(os.environ.get("PROOF_ROUNDS") or ROUNDS)
    seed = int(os.environ.get("PROOF_SEED") or secrets.randbelow(10**6))
    print(f"PROOF_ROUNDS={rounds} PROOF_SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        tests = subprocess.run(  # noqa: S603 - our own tests
            [sys.executable, "-m", "pytest", "-m", "proof", "-q", f"--junitxml={report}", *more],
            cwd=ROOT,
            env=os.environ | {"PROOF_ROUNDS": str(rounds), "PROOF_SEED": str(seed)},
            check=False,
        )
        suite = ET.parse(report).getroot().find("testsuite") if report.exists() else None  # noqa: S314 - ours
    if suite is None:
        return tests.returncode or 1
    run = Run(
        at=datetime.now(UTC),
        rounds=rounds,
        seed=seed,
        engines=f"SQLite, DynamoDB ({asked.dynamodb})",
        tests=int(suite.attrib["tests"]),
        failures=sum(int(suite.attrib[name]) for name in ("failures", "errors", "skipped")),
        seconds=float(suite.attrib["time"]),
    )
    print(run.block)
    if asked.record:
        PAGE.write_text(recorded(PAGE.read_text(), run.block))
    return tests.returncode


def recorded(page: str, block: str) -> str:
    """The page with the block between its markers; ValueError where it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} lacks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{block}\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main())
