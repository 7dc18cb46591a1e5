"""Whether a caller has already what it asks for."""

from datetime import datetime
from typing import Any

import pytest
from fastapi import Request

from builders import DAY, NOON, an_account
from withings_bridge.api.etags import etag_of, has
from withings_bridge.domain.mapping import Sources
from withings_bridge.services.history.browsing import History


def a_request(path: str = "/api/withings/sleep", query: str = "limit=5") -> Request:
    headers = [(b"host", b"localhost")]
    return Request({"type": "http", "path": path, "query_string": query.encode(), "headers": headers})


def a_history(
    userid: str = "1234",
    *,
    linked_at: datetime = NOON,
    zone: str | None = None,
    purges: int = 0,
    **choices: Any,
) -> History:
    records: Any = None  # none are read
    return History(an_account(userid, linked_at=linked_at, zone=zone, purges=purges), records, **choices)


class TestEtag:
    def test_differs_with_all_that_an_answer_depends_on(self) -> None:
        tags = [
            etag_of(a_request(), a_history(), 1),
            etag_of(a_request(), a_history(), 2),
            etag_of(a_request(query="limit=6"), a_history(), 1),
            etag_of(a_request(path="/api/withings/ecg"), a_history(), 1),
            etag_of(a_request(), a_history("1235"), 1),
            etag_of(a_request(), a_history(linked_at=NOON + DAY), 1),
            etag_of(a_request(), a_history(purges=1), 1),
            etag_of(a_request(), a_history(zone="Asia/Tokyo"), 1),
            etag_of(a_request(), a_history(sources=Sources.MOST_STEPS), 1),
        ]
        assert len(set(tags)) == len(tags)
        assert etag_of(a_request(), a_history(), 1) == tags[0]
        assert tags[0].startswith('W/"')

    def test_tells_nothing_of_the_person(self) -> None:
        assert "1234" not in etag_of(a_request(), a_history(), 1)

    @pytest.mark.parametrize("theirs", ['W/"a"', '"a"', 'W/"b", W/"a"', "*"])
    def test_is_compared_weakly_with_each_that_a_caller_has(self, theirs: str) -> None:
        assert has(theirs, 'W/"a"')

    @pytest.mark.parametrize("theirs", [None, "", 'W/"b"', "a", 'W/"aa"', ","])
    def test_is_not_another(self, theirs: str | None) -> None:
        assert not has(theirs, 'W/"a"')
