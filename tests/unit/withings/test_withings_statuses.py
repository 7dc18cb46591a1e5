"""The status table against the facts it was made from, and its rules for the token endpoint."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from withings_bridge.domain.errors import (
    AlreadyAbsent,
    BadGrant,
    BadParameters,
    BadScope,
    BadToken,
    CallbackRefused,
    NotImplementedByWithings,
    RateLimited,
    Retry,
    Transient,
    WithingsError,
)
from withings_bridge.withings import statuses
from withings_bridge.withings.statuses import VERDICTS, Verdict, verdict

FACTS = Path(
    os.environ.get("WITHINGS_FACTS_DIR", Path(__file__).resolve().parents[3].parent / "shared" / "withings")
)


@pytest.fixture(scope="module")
def facts() -> list[dict[str, Any]]:
    path = FACTS / "status_codes.json"
    if not path.exists():
        pytest.skip("status_codes.json is not here; set WITHINGS_FACTS_DIR")
    loaded: list[dict[str, Any]] = json.loads(path.read_text())
    return loaded


def retry_of(judged: Verdict) -> Retry:
    return judged.retry or judged.error.default_retry


class TestTheTable:
    def test_lists_the_numbers_of_the_facts_and_no_others(self, facts: list[dict[str, Any]]) -> None:
        assert {fact["code"] for fact in facts} == {statuses.OK, *VERDICTS}
        assert len(facts) == 253

    def test_lists_no_number_twice(self) -> None:
        counted = Counter(number for ranges, _ in statuses._FAMILIES for number in statuses._numbers(ranges))
        assert [number for number, times in counted.items() if times > 1] == []

    def test_draws_from_each_fact_the_action_it_names(self, facts: list[dict[str, Any]]) -> None:
        expected = {
            "retry": Retry.LATER,
            "rate_limited": Retry.LATER,
            "fatal": Retry.NEVER,
            "relink": Retry.RELINK,
        }
        for fact in facts:
            if fact["action"] == "ok":
                continue
            wanted = Retry.AFTER_REFRESH if fact.get("refresh_first") else expected[fact["action"]]
            judged = VERDICTS[fact["code"]]
            assert (fact["code"], retry_of(judged)) == (fact["code"], wanted)
            assert (fact["code"], judged.max_attempts) == (fact["code"], fact.get("max_attempts"))

    def test_gives_each_family_of_the_facts_its_error(self, facts: list[dict[str, Any]]) -> None:
        families: dict[str, tuple[type[WithingsError], ...]] = {
            "Authentication failed": (BadToken,),
            "Unauthorized": (BadScope,),
            "Invalid params": (BadParameters, BadToken),
            "An error occurred": (Transient, BadParameters, NotImplementedByWithings),
            "Timeout": (Transient,),
            "Bad state": (BadParameters,),
            "Too many request": (RateLimited,),
            "Not implemented": (NotImplementedByWithings,),
            "(not in the official table)": (BadScope,),
        }
        for fact in facts:
            if fact["code"] != statuses.OK:
                assert issubclass(VERDICTS[fact["code"]].error, families[fact["category"]]), fact["code"]

    def test_names_the_refusal_at_the_token_endpoint_that_the_facts_name(
        self, facts: list[dict[str, Any]]
    ) -> None:
        named = [fact["code"] for fact in facts if fact.get("action_at_token_endpoint") == "relink"]
        assert named == [503]
        assert verdict(503, at_token_endpoint=True).error is BadGrant


class TestSpecialNumbers:
    @pytest.mark.parametrize(
        ("status", "error", "retry"),
        [
            (100, BadToken, Retry.AFTER_REFRESH),
            (401, BadToken, Retry.AFTER_REFRESH),
            (283, BadToken, Retry.AFTER_REFRESH),
            (250, BadToken, Retry.RELINK),
            (328, BadToken, Retry.RELINK),
            (403, BadScope, Retry.NEVER),
            (286, AlreadyAbsent, Retry.NEVER),
            (294, AlreadyAbsent, Retry.NEVER),
            (343, AlreadyAbsent, Retry.NEVER),
            (293, CallbackRefused, Retry.LATER),
            (305, BadParameters, Retry.NEVER),
            (342, BadParameters, Retry.NEVER),
            (503, BadParameters, Retry.NEVER),
            (524, BadParameters, Retry.NEVER),
            (601, RateLimited, Retry.LATER),
            (2554, NotImplementedByWithings, Retry.NEVER),
            (2556, NotImplementedByWithings, Retry.NEVER),
        ],
    )
    def test_mean_what_was_seen(self, status: int, error: type[WithingsError], retry: Retry) -> None:
        judged = verdict(status)
        assert (judged.error, retry_of(judged)) == (error, retry)

    @pytest.mark.parametrize("status", [-1, 1, 404, 999, 10**30])
    def test_that_nobody_listed_are_held_to_be_passing(self, status: int) -> None:
        assert verdict(status).error is Transient

    def test_the_callback_is_worth_three_tries(self) -> None:
        assert verdict(293).max_attempts == 3


class TestAtTheTokenEndpoint:
    @pytest.mark.parametrize(
        "text",
        [
            "Invalid Params: invalid code",
            "Invalid Params: invalid refresh_token",
            "Invalid Params: invalid refresh_token for this client_id",
            "",
        ],
    )
    def test_503_is_a_dead_grant(self, text: str) -> None:
        judged = verdict(503, text, at_token_endpoint=True)
        assert (judged.error, retry_of(judged)) == (BadGrant, Retry.RELINK)

    @pytest.mark.parametrize(
        "text",
        [
            "Invalid Params: invalid client_secret",
            "Invalid Params: invalid client_id",
            "Invalid Params: invalid redirect_uri",
            "Invalid Params: invalid grant_type",
        ],
    )
    def test_503_that_blames_the_application_ends_no_link(self, text: str) -> None:
        judged = verdict(503, text, at_token_endpoint=True)
        assert (judged.error, retry_of(judged)) == (BadParameters, Retry.NEVER)

    @pytest.mark.parametrize("status", sorted(VERDICTS))
    def test_no_status_asks_for_a_refresh_there(self, status: int) -> None:
        assert retry_of(verdict(status, at_token_endpoint=True)) is not Retry.AFTER_REFRESH

    @pytest.mark.parametrize("status", [601, 522, 215, 2554])
    def test_what_has_nothing_to_do_with_the_grant_is_the_same_there(self, status: int) -> None:
        assert verdict(status, at_token_endpoint=True) == verdict(status)
