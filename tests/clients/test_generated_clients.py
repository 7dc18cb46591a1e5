"""Clients that others' generators make from the API's description compile, and work."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from api.running import USER
from e2e.guarded import Guarded
from withings_bridge.domain.errors import NotLinked

pytestmark = pytest.mark.e2e

HERE = Path(__file__).parent
SEEN = {
    "userid": "1234",
    "minutes": "number",
    "why": str(NotLinked()),
    "code": "scope_missing",
}
"""What either client is to print."""


def run(*command: str | Path, folder: Path) -> str:
    """What the program printed; fails with its own words when it did not end well."""
    ended = subprocess.run(  # noqa: S603 - the pinned tools of the tests
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def test_a_python_client(guarded: Guarded, description: Path, python_tools: Path, tmp_path: Path) -> None:
    config = tmp_path / "generator.yaml"
    config.write_text(
        "post_hooks: []\n"  # it would have its code reformatted, and made worse
        "content_type_overrides:\n  application/fhir+ndjson: text/plain\n"  # which it does not know
    )
    run(
        python_tools / "openapi-python-client",
        *("generate", "--path", description, "--config", config),
        *("--meta", "none", "--output-path", "bridge_client", "--fail-on-warning"),
        folder=tmp_path,
    )
    run(python_tools / "mypy", "--strict", "bridge_client", folder=tmp_path)
    shutil.copy(HERE / "python_calls.py", tmp_path)
    told = run(python_tools / "python", "python_calls.py", guarded.url, guarded.key, USER, folder=tmp_path)
    assert json.loads(told) == SEEN | {"minutes": "int"}


def test_a_typescript_client(guarded: Guarded, description: Path, node_modules: Path, tmp_path: Path) -> None:
    for name in ("calls.ts", "tsconfig.json", "package.json"):
        shutil.copy(node_modules.parent / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(node_modules, target_is_directory=True)
    generator = node_modules / ".bin" / "openapi-typescript"
    # Otherwise a field with a default could not be left out of a request.
    options = ("--default-non-nullable=false", "--output", "bridge.ts")
    run(generator, description, *options, folder=tmp_path)
    run(node_modules / ".bin" / "tsc", folder=tmp_path)
    told = run("node", "calls.js", guarded.url, guarded.key, USER, folder=tmp_path)
    assert json.loads(told) == SEEN
