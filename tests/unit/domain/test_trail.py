from datetime import timedelta

import pytest

from builders import NOON
from withings_bridge.domain.categories import Category
from withings_bridge.domain.trail import SUBJECTS, Step, What, in_words


def said(what: What, **fields: object) -> str:
    return in_words(Step(**{"at": NOON, "account": "77", "what": what, **fields}))  # type: ignore[arg-type]  # of the test's own


class TestInWords:
    @pytest.mark.parametrize("what", What)
    def test_there_are_some_for_every_step(self, what: What) -> None:
        assert said(what, user="user-1", category=Category.SLEEP, reason="why").endswith((".", "why"))

    def test_there_are_some_for_every_category(self) -> None:
        assert set(SUBJECTS) == set(Category)

    def test_a_notification_is_named_by_what_it_announces(self) -> None:
        assert said(What.NOTIFIED, appli=44) == "Withings announced sleep (appli 44)."

    def test_one_that_nobody_has_documented_by_its_number(self) -> None:
        assert said(What.NOTIFIED, appli=777) == "Withings announced something new to us (appli 777)."

    def test_what_was_stored_is_counted(self) -> None:
        assert said(What.STORED, category=Category.MEASURES, number=1) == (
            "Stored measures: 1 record new or changed."
        )

    def test_what_was_removed_too(self) -> None:
        stored = said(What.STORED, category=Category.SLEEP, number=1200, removed=2)
        assert stored == "Stored nights: 1,200 records new or changed, 2 removed."
        assert said(What.STORED, category=Category.SLEEP, removed=2) == "Stored nights: 2 removed."

    def test_a_reason_may_hold_braces(self) -> None:
        assert said(What.FAILED, category=Category.LINK, reason="{odd}").endswith("{odd}")


class TestPlaces:
    def test_are_in_the_order_of_time(self) -> None:
        earlier = Step(at=NOON, account="77", what=What.LEFT)
        later = Step(at=NOON + timedelta(microseconds=1), account="77", what=What.LEFT)
        assert earlier.place < later.place

    def test_of_one_instant_differ(self) -> None:
        one, another = (Step(at=NOON, account="77", what=What.LEFT) for _ in range(2))
        assert one.place != another.place
