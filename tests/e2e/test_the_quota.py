"""A crowd links at once and imports its history, while people go on weighing themselves."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.crowd import Crowd
from e2e.stores import Store
from processes import eventually

pytestmark = pytest.mark.e2e

QUOTA = 600


@pytest.fixture
def crowd(store: Store, tmp_path: Path) -> Iterator[Crowd]:
    crowd = Crowd(store, tmp_path, people=10, days=60, quota=QUOTA, replicas=2)
    try:
        crowd.start()
        yield crowd
    finally:
        crowd.end()


class TestACrowd:
    def test_never_makes_withings_refuse_a_call_and_gets_all_its_records(self, crowd: Crowd) -> None:
        crowd.link_all()
        weigh_ins = list(crowd.weigh_ins(every=0.5, chooser=random.Random(1)))  # noqa: S311 - guards nothing

        eventually("nothing is pending", lambda: not crowd.importing(), within=60)
        journal = crowd.journal()
        assert journal.too_fast == 0
        assert journal.busiest_minute <= QUOTA
        assert weigh_ins
        for person in crowd.people:
            assert crowd.differences(person) == []
