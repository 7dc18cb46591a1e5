"""What is written for people agrees with what is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from withings_bridge.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
DECISIONS = ROOT / "docs/decisions"
VARIABLES = [name.upper() for name in Settings.model_fields]


def listed_in_readme() -> list[str]:
    _, begin, rest = README.partition("<!-- settings:begin -->")
    table, end, _ = rest.partition("<!-- settings:end -->")
    assert begin
    assert end
    return re.findall(r"^\| `([A-Z0-9_]+)` \|", table, re.MULTILINE)


def must_find_nothing_to_write(script: str) -> None:
    checked = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / "scripts" / script, "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


class TestSettings:
    def test_the_readme_lists_each_once_in_their_order(self) -> None:
        assert listed_in_readme() == VARIABLES

    def test_the_example_file_lists_each_once_in_their_order(self) -> None:
        assert re.findall(r"^#?([A-Z0-9_]+)=", EXAMPLE, re.MULTILINE) == VARIABLES

    def test_the_example_file_as_it_is_changes_nothing(self, tmp_path: Path) -> None:
        assert dotenv_values(ROOT / ".env.example") == {}

    def test_uncommented_it_says_the_defaults(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        said = tmp_path / ".env"
        said.write_text(re.sub(r"^#(?=[A-Z0-9_]+=)", "", EXAMPLE, flags=re.MULTILINE))
        assert len(dotenv_values(said)) == len(VARIABLES)
        assert Settings(_env_file=said) == Settings(_env_file=None)

    @pytest.mark.parametrize("name", Settings.model_fields)
    def test_each_is_described_in_a_sentence(self, name: str) -> None:
        description = Settings.model_fields[name].description or ""
        assert description.endswith(".")

    def test_the_command_that_writes_them_finds_nothing_to_write(self) -> None:
        must_find_nothing_to_write("settings_table.py")


class TestData:
    def test_the_command_that_writes_its_tables_finds_nothing_to_write(self) -> None:
        must_find_nothing_to_write("data_table.py")


class TestMake:
    TARGETS = frozenset(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    @pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
    def test_every_target_that_a_page_names_exists(self, page: str) -> None:
        text = (ROOT / page).read_text()
        named = set(re.findall(r"(?:^|`|&& |true )make ([a-z][a-z-]*)", text, re.MULTILINE))
        assert named
        assert named <= self.TARGETS

    def test_every_target_says_what_it_does(self) -> None:
        explained = re.findall(r"^([a-z][a-z-]*):.*## \S", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(explained) == self.TARGETS


class TestPages:
    @pytest.mark.parametrize(
        "page",
        [
            "README.md",
            "CONTRIBUTING.md",
            "SECURITY.md",
            "docs/data.md",
            "docs/decisions/README.md",
            "docs/fhir.md",
            "docs/migration.md",
            "docs/read-api.md",
            "docs/reliability.md",
            "docs/sandbox.md",
            "docs/security.md",
        ],
    )
    def test_every_file_that_a_page_links_to_is_there(self, page: str) -> None:
        path = ROOT / page
        links = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text())
        assert links
        for link in links:
            assert (path.parent / link).exists(), link

    @pytest.mark.parametrize("page", ["reliability.md", "security.md"])
    def test_every_test_that_a_page_names_exists(self, page: str) -> None:
        named = set(re.findall(r"`([a-z0-9_/]+\.py)`", (ROOT / "docs" / page).read_text()))
        assert len(named) > 20
        assert {name for name in named if not (ROOT / "tests" / name).exists()} == set()

    def test_the_page_on_security_has_all_of_the_owasp_api_top_10(self) -> None:
        listed = re.findall(r"^\| API(\d+) [A-Z]", (ROOT / "docs/security.md").read_text(), re.MULTILINE)
        assert listed == [str(number) for number in range(1, 11)]

    @pytest.mark.parametrize("page", ["migration.md", "security.md"])
    def test_every_setting_that_a_page_names_exists(self, page: str) -> None:
        text = (ROOT / "docs" / page).read_text()
        named = set(re.findall(r"(?:^ *|`)([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?==|`)", text, re.MULTILINE))
        assert len(named) > 5
        assert named - {"WITHINGS_AUTH_COMPLETE"} <= set(VARIABLES)

    def test_every_decision_is_listed(self) -> None:
        listed = re.findall(
            r"^\| \[(\d{4})\]\((\S+)\) \| \S", (DECISIONS / "README.md").read_text(), re.MULTILINE
        )
        assert listed == sorted((page.name[:4], page.name) for page in DECISIONS.glob("[0-9]*.md"))

    def test_decisions_are_numbered_without_gaps(self) -> None:
        numbers = sorted(int(page.name[:4]) for page in DECISIONS.glob("[0-9]*.md"))
        assert numbers == list(range(1, len(numbers) + 1))
