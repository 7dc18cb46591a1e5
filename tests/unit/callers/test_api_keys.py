import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from withings_bridge.callers import ApiKey, ApiKeys, Scope

DIGEST = hashlib.sha256(b"wb_a-key").hexdigest()


class TestAnEntry:
    @pytest.mark.parametrize("scope", Scope)
    def test_is_read_as_it_was_made(self, scope: Scope) -> None:
        _, entry = ApiKey.made("reports", scope)
        assert ApiKey.parse(str(entry)) == entry
        assert (entry.name, entry.scope) == ("reports", scope)

    def test_does_not_hold_the_key(self) -> None:
        key, entry = ApiKey.made("reports", Scope.READ)
        assert key not in str(entry)
        assert len(key) > 40

    @pytest.mark.parametrize(
        "entry",
        [
            "",
            "reports",
            f"reports:{DIGEST}",
            f"reports:write:{DIGEST}",
            f"reports:READ:{DIGEST}",
            f":read:{DIGEST}",
            f"a b:read:{DIGEST}",
            f"{'a' * 33}:read:{DIGEST}",
            "reports:read:wb_a-key",
            f"reports:read:{DIGEST.upper()}",
            f"reports:read:{DIGEST}0",
        ],
    )
    def test_that_is_none_is_refused_without_being_repeated(self, entry: str) -> None:
        with pytest.raises(ValueError, match="must") as caught:
            ApiKey.parse(entry)
        assert "wb_a-key" not in str(caught.value)
        assert DIGEST not in str(caught.value)


class TestKeys:
    def test_are_told_apart(self) -> None:
        made = [ApiKey.made(f"key-{scope.word}", scope) for scope in Scope]
        keys = ApiKeys(entry for _, entry in made)
        for key, entry in made:
            found = keys.entry_of(key)
            assert found == entry
            holder = entry.holder
            assert (holder.name, holder.scope, holder.user) == (f"key:{entry.name}", entry.scope, None)

    @given(st.text())
    def test_nobody_made_are_not_accepted(self, key: str) -> None:
        _, entry = ApiKey.made("reports", Scope.READ)
        assert ApiKeys([entry]).entry_of(key) is None

    def test_are_not_their_digests(self) -> None:
        entry = ApiKey("reports", Scope.READ, DIGEST)
        assert ApiKeys([entry]).entry_of(DIGEST) is None
        assert ApiKeys([entry]).entry_of("wb_a-key") == entry
