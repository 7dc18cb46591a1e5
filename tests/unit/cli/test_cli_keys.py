from pathlib import Path

import pytest

from unit.cli.calling import call
from withings_bridge.callers import ApiKey, ApiKeys, Scope


class TestNewKey:
    @pytest.mark.parametrize("scope", Scope)
    def test_fits_the_entry_that_is_printed_with_it(self, tmp_path: Path, scope: Scope) -> None:
        ended = call("keys", "new", "reports", "--scope", scope.word, folder=tmp_path)
        assert ended.code == 0, ended.err
        key, entry = (line.strip() for line in ended.out.splitlines() if line.startswith("  "))
        found = ApiKeys([ApiKey.parse(entry)]).entry_of(key)
        assert found is not None
        assert (found.name, found.scope) == ("reports", scope)

    @pytest.mark.parametrize(
        ("arguments", "code", "told"),
        [
            (("reports",), 2, "--scope"),
            (("reports", "--scope", "write"), 2, "read, sync or admin"),
            (("a:b", "--scope", "read"), 1, "at most 32 letters"),
        ],
    )
    def test_is_not_made_of_what_makes_no_sense(
        self, tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
    ) -> None:
        ended = call("keys", "new", *arguments, folder=tmp_path)
        assert (ended.code, ended.out) == (code, "")
        assert told in ended.err
