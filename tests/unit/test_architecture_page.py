"""The page that draws the house is held against the house."""

import re
import tomllib
from typing import Any

import pytest

from documents import ROOT, text_of
from withings_bridge.domain.accounts import LEASE, RENEW_EVERY
from withings_bridge.domain.inbox import Lane
from withings_bridge.services.inbox.working import IDLE_POLL_SECONDS, MOST_AT_ONCE, POLL_SECONDS
from withings_bridge.settings import Settings
from withings_bridge.storage.dynamodb.names import due_index

PAGE = text_of("docs/architecture.md")
PACKAGE = ROOT / "src/withings_bridge"
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["name"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}


def drawn(mark: str) -> list[str]:
    """The lines of a drawing between its marks."""
    _, _, rest = PAGE.partition(f"<!-- {mark}:begin -->")
    drawing, end, _ = rest.partition(f"<!-- {mark}:end -->")
    assert end
    return drawing.strip().strip("`").strip().splitlines()


class TestTheDrawings:
    def test_show_the_layers_of_the_import_contract(self) -> None:
        layers = CONTRACTS["The house is built in layers"]["layers"]
        assert drawn("layers") == [layer.replace("withings_bridge.", "") for layer in layers]

    def test_show_the_rooms_of_the_services(self) -> None:
        rooms = CONTRACTS["The services lie in rooms, each of which leans on those below it"]["layers"]
        assert drawn("rooms") == rooms

    def test_show_each_lane_and_its_index_in_their_order(self) -> None:
        assert re.findall(r"\bby_\w+_due\b", PAGE) == [due_index(lane) for lane in Lane]
        assert re.findall(r"\d\. (\w+)", PAGE.partition("## Lanes")[2]) == list(Lane)


class TestThePage:
    def test_tells_of_each_folder_of_the_package(self) -> None:
        told = set(re.findall(r"^\| `([a-z]+)` \|", PAGE, re.MULTILINE))
        assert told == {each.name for each in PACKAGE.iterdir() if each.is_dir() and each.name[0] != "_"}

    def test_names_modules_that_are_there(self) -> None:
        named = set(re.findall(r"\b(?:[a-z_]+/)*[a-z_]+\.py\b", PAGE))
        assert len(named) > 20
        assert {name for name in named if not (PACKAGE / name).exists()} == set()

    @pytest.mark.parametrize("name", [name for name in Settings.model_fields if name.endswith("_table")])
    def test_says_what_each_table_holds(self, name: str) -> None:
        assert re.search(rf"^\| `{name.upper()}` \| \w", PAGE, re.MULTILINE)

    def test_says_how_often_and_how_long(self) -> None:
        assert f"{POLL_SECONDS:g} s, {IDLE_POLL_SECONDS:g} s idle" in PAGE
        assert f"at most {MOST_AT_ONCE} turns at once" in PAGE
        lease, renewed = LEASE.total_seconds(), RENEW_EVERY.total_seconds()
        assert f"lasts {lease:g} s and is renewed every {renewed:g} s" in PAGE
