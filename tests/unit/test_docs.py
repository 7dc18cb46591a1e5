"""What is written for people agrees with what is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from documents import PAGES, anchors_of, blocks_of, commands_in, links_of
from unit.test_container import ASKED_FOR, lowered
from withings_bridge.settings import Settings

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
DECISIONS = ROOT / "docs/decisions"
VARIABLES = [name.upper() for name in Settings.model_fields]
OTHER_NAMES = {"WITHINGS_AUTH_COMPLETE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
PLACEHOLDER = re.compile(r"\.\.\.|your-host")
"""What whoever reads it puts something else in place of."""


def listed_on_the_page() -> list[str]:
    _, begin, rest = CONFIGURATION.partition("<!-- settings:begin -->")
    table, end, _ = rest.partition("<!-- settings:end -->")
    assert begin
    assert end
    return re.findall(r"^\| `([A-Z0-9_]+)` \|", table, re.MULTILINE)


def resolved(page: str, link: str) -> tuple[str, str]:
    """Where a link of a page leads: a path from the root of the repository, and an anchor."""
    path, _, anchor = link.partition("#")
    target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
    return str(target.relative_to(ROOT)), anchor


def must_find_nothing_to_write(script: str) -> None:
    checked = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / "scripts" / script, "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


class TestSettings:
    def test_the_page_lists_each_once_in_their_order(self) -> None:
        assert listed_on_the_page() == VARIABLES

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

    @pytest.mark.e2e
    def test_the_command_that_writes_them_finds_nothing_to_write(self) -> None:
        must_find_nothing_to_write("settings_table.py")


class TestData:
    @pytest.mark.e2e
    def test_the_command_that_writes_its_tables_finds_nothing_to_write(self) -> None:
        must_find_nothing_to_write("data_table.py")


class TestMetrics:
    @pytest.mark.e2e
    def test_the_command_that_writes_their_page_finds_nothing_to_write(self) -> None:
        must_find_nothing_to_write("metrics_table.py")


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
    def test_every_page_is_listed(self) -> None:
        # A decision has a list of its own.
        listed = {resolved("docs/README.md", link)[0] for link in links_of("docs/README.md")}
        wanted = {page for page in PAGES if not re.match(r"docs/decisions/\d", page)}
        assert wanted - {"docs/README.md"} <= listed

    @pytest.mark.parametrize("page", PAGES)
    def test_every_link_leads_to_a_page_and_a_heading_that_are_there(self, page: str) -> None:
        for link in links_of(page):
            target, anchor = resolved(page, link)
            assert (ROOT / target).exists(), link
            assert not anchor or anchor in anchors_of(target), link

    @pytest.mark.parametrize("page", PAGES)
    def test_every_block_of_settings_is_taken_by_a_bridge(self, page: str) -> None:
        for block in blocks_of(page, "sh"):
            found = [command.assignment for command in commands_in(page, block)]
            said = dict(each for each in found if each)
            if set(said) & set(VARIABLES):
                assert None not in found, "settings and commands do not go together"
                assert set(said) <= set(VARIABLES)
                plain = {name: value for name, value in said.items() if not PLACEHOLDER.search(value)}
                Settings(_env_file=None, **lowered(ASKED_FOR | plain))

    @pytest.mark.parametrize("page", ["reliability.md", "security.md"])
    def test_every_test_that_a_page_names_exists(self, page: str) -> None:
        named = set(re.findall(r"`([a-z0-9_/]+\.py)`", (ROOT / "docs" / page).read_text()))
        assert len(named) > 20
        assert {name for name in named if not (ROOT / "tests" / name).exists()} == set()

    def test_the_page_on_security_has_all_of_the_owasp_api_top_10(self) -> None:
        listed = re.findall(r"^\| API(\d+) [A-Z]", (ROOT / "docs/security.md").read_text(), re.MULTILINE)
        assert listed == [str(number) for number in range(1, 11)]

    @pytest.mark.parametrize("page", ["configuration.md", "migration.md", "operations.md", "security.md"])
    def test_every_setting_that_a_page_names_exists(self, page: str) -> None:
        text = (ROOT / "docs" / page).read_text()
        named = set(re.findall(r"(?:^ *|`)([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?==|`)", text, re.MULTILINE))
        assert len(named) > 5
        assert named - OTHER_NAMES <= set(VARIABLES)

    def test_every_decision_is_listed(self) -> None:
        listed = re.findall(
            r"^\| \[(\d{4})\]\((\S+)\) \| \S", (DECISIONS / "README.md").read_text(), re.MULTILINE
        )
        assert listed == sorted((page.name[:4], page.name) for page in DECISIONS.glob("[0-9]*.md"))

    def test_decisions_are_numbered_without_gaps(self) -> None:
        numbers = sorted(int(page.name[:4]) for page in DECISIONS.glob("[0-9]*.md"))
        assert numbers == list(range(1, len(numbers) + 1))
