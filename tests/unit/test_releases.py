"""One version, read by all who tell it, and a changelog that has a place for it."""

import re
import tomllib
from datetime import date

import pytest

from documents import ROOT, text_of
from withings_bridge import __version__
from withings_bridge.api.routers.health import health
from withings_bridge.app import create_app
from withings_bridge.fhir.capabilities import Software
from withings_bridge.settings import Settings

CHANGELOG = text_of("CHANGELOG.md")
HEADINGS = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Know before you deploy"}


class TestTheVersion:
    def test_is_a_semantic_one(self) -> None:
        assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9a-z.]+)?", __version__)

    def test_is_read_by_the_package_where_it_stands(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())
        assert "version" in project["project"]["dynamic"]
        stands = ROOT / project["tool"]["hatch"]["version"]["path"]
        assert f'__version__ = "{__version__}"' in stands.read_text()

    def test_stands_nowhere_else_in_the_code(self) -> None:
        said = re.compile(rf'(?<!examples=\[)"{re.escape(__version__)}"')
        files = [*(ROOT / "src").rglob("*.py"), ROOT / "Dockerfile", ROOT / "render.yaml"]
        found = [path.name for path in files if "vendor" not in path.parts and said.search(path.read_text())]
        assert found == ["__init__.py"]

    @pytest.mark.slow
    async def test_is_told_alike_by_all_who_tell_it(self) -> None:
        described = create_app(Settings(_env_file=None)).openapi()["info"]["version"]
        alive = await health()
        assert {described, alive.version, Software().version} == {__version__}


class TestTheChangelog:
    def test_begins_with_what_is_not_released_yet(self) -> None:
        assert HEADINGS[0] == "Unreleased"

    def test_has_the_version_or_has_not_released_it(self) -> None:
        released = [heading.split()[0] for heading in HEADINGS[1:]]
        assert not released or __version__ in released

    def test_names_each_release_with_its_day(self) -> None:
        for heading in HEADINGS[1:]:
            found = re.fullmatch(r"\d+\.\d+\.\d+(?:-[0-9a-z.]+)? - (\d{4}-\d{2}-\d{2})", heading)
            assert found, heading
            date.fromisoformat(found[1])

    def test_sorts_changes_by_what_they_are(self) -> None:
        assert set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)) <= SECTIONS
