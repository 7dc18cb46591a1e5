"""The script that runs the long proof writes its outcome where the page has room for it."""

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def proof() -> ModuleType:
    spec = importlib.util.spec_from_file_location("proof_script", ROOT / "scripts/proof.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestTheRecord:
    def test_takes_the_place_of_the_last_one_on_the_page(self, proof: ModuleType) -> None:
        page = (ROOT / "docs/reliability.md").read_text()
        once = proof.recorded(page, "| one |")
        twice = proof.recorded(once, "| two |")
        assert f"{proof.BEGIN}\n| two |\n{proof.END}" in twice
        assert "| one |" not in twice
        assert twice.startswith(page.partition(proof.BEGIN)[0])
        assert twice.endswith(page.partition(proof.END)[2])

    def test_has_nowhere_to_go_on_a_page_without_markers(self, proof: ModuleType) -> None:
        with pytest.raises(ValueError, match="lacks"):
            proof.recorded("# Reliability", "| one |")

    @pytest.mark.parametrize(
        ("tests", "failures", "outcome"),
        [(10, 0, "all passed"), (10, 2, "2 not passed"), (0, 0, "0 not passed")],
    )
    def test_calls_nothing_passed_that_did_not_run(
        self, proof: ModuleType, tests: int, failures: int, outcome: str
    ) -> None:
        run = proof.Run(datetime(2026, 11, 25, tzinfo=UTC), 200, 17, "SQLite", tests, failures, 90)
        assert f"| Outcome | {outcome} |" in run.block
        assert "200 on each, seeds from 17 on" in run.block
