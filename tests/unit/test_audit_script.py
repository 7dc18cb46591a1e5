"""The audit of dependencies, by the real pip-audit, beside an advisory service of the test's own."""

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any, ClassVar

import pytest

from processes import free_port

ROOT = Path(__file__).parents[2]
FLAWED = "structlog"
ADVISORY = {
    "id": "TEST-2026-1",
    "summary": "It does what it should not.",
    "affected": [
        {
            "package": {"name": FLAWED, "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9999.1"}]}],
        }
    ],
}


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("audit_script", ROOT / "scripts/audit.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["audit_script"] = module  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["audit_script"]


class Advisories(BaseHTTPRequestHandler):
    """Knows of one flaw in one package, and which it was asked about."""

    asked: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.add(asked["package"]["name"])
        answer = {"vulns": [ADVISORY]} if asked["package"]["name"] == FLAWED else {}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Advisories)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def asking(script: ModuleType, url: str) -> tuple[str, ...]:
    """The program, asking another service than it usually does."""
    return (*script.PIP_AUDIT, "--vulnerability-service", "osv", "--osv-url", url)


def pinned(folder: Path, *lines: str) -> Path:
    lock = folder / "requirements.lock"
    lock.write_text("\n".join(f"{line} --hash=sha256:{'0' * 64}" for line in lines))
    return lock


@pytest.mark.e2e
class TestAudit:
    def test_fails_on_a_known_vulnerability(self, script: ModuleType, service: str, tmp_path: Path) -> None:
        lock = pinned(tmp_path, f"{FLAWED}==25.1.0", "rich==14.0.0")
        verdict = script.audit(asking(script, service), lock)
        assert not verdict.passed
        assert verdict.words.splitlines()[1:] == [f"{FLAWED} 25.1.0: TEST-2026-1, mended in 9999.1"]

    def test_passes_where_none_is_known(self, script: ModuleType, service: str, tmp_path: Path) -> None:
        verdict = script.audit(asking(script, service), pinned(tmp_path, "rich==14.0.0"))
        assert verdict == script.Verdict("No known vulnerability in 1 of 1 packages.", passed=True)

    def test_looks_at_every_package_of_the_lock(self, script: ModuleType, service: str) -> None:
        pins = re.findall(r"^([a-z0-9._-]+)==[^;\n]+\\$", script.LOCK.read_text(), re.MULTILINE)
        verdict = script.audit(asking(script, service), script.LOCK)
        assert not verdict.passed
        assert len(pins) > 30
        assert set(pins) <= Advisories.asked

    def test_is_skipped_where_nobody_answers(self, script: ModuleType, tmp_path: Path) -> None:
        nowhere = asking(script, f"http://127.0.0.1:{free_port()}")
        verdict = script.audit(nowhere, pinned(tmp_path, "rich==14.0.0"))
        assert verdict == script.Verdict(script.UNREACHABLE, passed=True)

    def test_is_skipped_where_the_answer_takes_too_long(self, script: ModuleType, tmp_path: Path) -> None:
        program = (sys.executable, "-c", "import threading; threading.Event().wait(60)")
        verdict = script.audit(program, pinned(tmp_path), seconds=0.2)
        assert verdict == script.Verdict(script.UNREACHABLE, passed=True)

    def test_that_cannot_be_made_at_all_fails(self, script: ModuleType, service: str, tmp_path: Path) -> None:
        lock = tmp_path / "requirements.lock"
        lock.write_text("rich>=14\n")
        verdict = script.audit(asking(script, service), lock)
        assert not verdict.passed
        assert verdict.words.startswith("The audit could not be made:")


class TestJudge:
    def test_is_skipped_where_the_service_knows_no_package(self, script: ModuleType) -> None:
        verdict = script.judge([{"name": "rich", "skip_reason": "not found"}])
        assert verdict == script.Verdict(script.UNREACHABLE, passed=True)

    def test_says_how_many_it_could_not_ask_about(self, script: ModuleType) -> None:
        found = [{"name": "rich", "version": "1", "vulns": []}, {"name": "own", "skip_reason": "not found"}]
        assert script.judge(found) == script.Verdict(
            "No known vulnerability in 1 of 2 packages.", passed=True
        )

    def test_tells_of_a_flaw_that_nobody_has_mended(self, script: ModuleType) -> None:
        found = [{"name": "rich", "version": "1", "vulns": [{"id": "X-1", "fix_versions": []}]}]
        verdict = script.judge(found)
        assert (verdict.passed, verdict.words.splitlines()[1]) == (False, "rich 1: X-1, not mended yet")
