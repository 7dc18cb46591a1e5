"""Asks the advisory service whether anything that the bridge runs on is known to be vulnerable.

Looks at requirements.lock as it stands; installs nothing. Fails on a known vulnerability. Where the service
cannot be reached, or knows nothing of these packages, it says so and passes: a check that needs the network
must not keep anybody from working without one.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"

SECONDS = 90
"""How long the service may take in all."""

PIP_AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"),
    *("--progress-spinner", "off", "--timeout", "10", "--format", "json"),
)
NO_ANSWER = re.compile(r"ConnectionError|ServiceError|HTTPError|ProxyError|SSLError|Timeout")
"""What pip-audit complains of where it hears nothing."""

UNREACHABLE = "Audit skipped: the advisory service cannot be reached."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to say, and whether the check passes."""

    words: str
    passed: bool


def main() -> int:
    """Say how it ended; 1 for a known vulnerability."""
    verdict = audit(PIP_AUDIT, LOCK)
    sys.stdout.write(f"{verdict.words}\n")
    return 0 if verdict.passed else 1


def audit(program: Sequence[str], lock: Path, *, seconds: float = SECONDS) -> Verdict:
    """What the program, pip-audit, finds about the pinned packages."""
    try:
        ended = subprocess.run(  # noqa: S603 - a program of ours
            [*program, "--requirement", str(lock)],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Verdict(UNREACHABLE, passed=True)
    if ended.stdout:
        return judge(json.loads(ended.stdout)["dependencies"])
    if NO_ANSWER.search(ended.stderr):
        return Verdict(UNREACHABLE, passed=True)
    return Verdict(f"The audit could not be made:\n{ended.stderr.strip()}", passed=False)


def judge(found: Sequence[dict[str, Any]]) -> Verdict:
    """The verdict on what pip-audit tells of each package."""
    known = [package for package in found if "vulns" in package]
    if not known:
        return Verdict(UNREACHABLE, passed=True)
    lines = [
        f"{package['name']} {package['version']}: {flaw['id']}{_mended(flaw)}"
        for package in known
        for flaw in package["vulns"]
    ]
    if lines:
        return Verdict("\n".join(["Known vulnerabilities in requirements.lock:", *lines]), passed=False)
    return Verdict(f"No known vulnerability in {len(known)} of {len(found)} packages.", passed=True)


def _mended(flaw: dict[str, Any]) -> str:
    versions = ", ".join(flaw["fix_versions"])
    return f", mended in {versions}" if versions else ", not mended yet"


if __name__ == "__main__":
    sys.exit(main())
