"""What a caller may do, and for whom."""

import pytest

from withings_bridge.callers import Caller, Scope
from withings_bridge.domain.errors import NotYours, ScopeMissing


class TestScope:
    @pytest.mark.parametrize("held", Scope)
    @pytest.mark.parametrize("wanted", Scope)
    def test_holds_the_ones_before_it(self, held: Scope, wanted: Scope) -> None:
        caller = Caller("key:reports", held)
        if wanted <= held:
            caller.must_reach(wanted)
        else:
            with pytest.raises(ScopeMissing, match=wanted.word):
                caller.must_reach(wanted)


class TestWhoIsMeant:
    @pytest.mark.parametrize("named", [None, "user-1", "user-2"])
    def test_by_a_service_is_whom_it_names(self, named: str | None) -> None:
        assert Caller("key:app", Scope.SYNC).meaning(named) == named

    @pytest.mark.parametrize("named", [None, "", "user-1"])
    def test_by_a_user_is_always_that_user(self, named: str | None) -> None:
        assert Caller("user:user-1", Scope.SYNC, "user-1").meaning(named) == "user-1"

    @pytest.mark.parametrize("named", ["user-2", "USER-1", "user-1 "])
    def test_by_a_user_is_never_another(self, named: str) -> None:
        with pytest.raises(NotYours):
            Caller("user:user-1", Scope.SYNC, "user-1").meaning(named)
