"""What passes, as the console and the terminal say it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from withings_bridge.sandbox.announcing import Appli
from withings_bridge.sandbox.cloud.actions import ACTIONS
from withings_bridge.sandbox.control.words import APPLIS, CALLS, of_delivery, of_new, of_request
from withings_bridge.sandbox.journal import Entry
from withings_bridge.sandbox.world.deliveries import Delivery, DeliveryState

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAMES = {7: "Person 1"}

CALL = Entry(
    id=1,
    at=AT,
    method="POST",
    path="/measure",
    action="getmeas",
    parameters={},
    userid=7,
    status=0,
    error="",
    mishap=None,
    mishap_id=None,
)
NOTIFICATION = Delivery(
    id=1,
    subscription_id=1,
    userid=7,
    appli=1,
    url="http://localhost:5001/webhook/withings?secret=hush",
    fields={},
    state=DeliveryState.WAITING,
    tries=0,
    created_at=AT.timestamp(),
    due_at=AT.timestamp() + 90,
    last_status=None,
)


class TestACall:
    @pytest.mark.parametrize(
        ("ended", "outcome", "well"),
        [
            ({}, "answered", True),
            ({"status": 601, "error": "Too Many Request"}, "refused: 601 Too Many Request", False),
            ({"mishap": "lost"}, "done, but the reply was lost", False),
            ({"mishap": "slow"}, "answered late", False),
            ({"status": 502, "mishap": "http"}, "refused: HTTP 502", False),
            ({"status": 522, "error": "Timeout", "mishap": "status"}, "refused: 522 Timeout", False),
            ({"status": None}, "no reply", False),
        ],
    )
    def test_says_how_it_ended(self, ended: dict[str, object], outcome: str, *, well: bool) -> None:
        line = of_request(CALL.model_copy(update=ended), NAMES)
        assert (line.what, line.whom) == ("Asks for measures", "Person 1")
        assert (line.outcome, line.well) == (outcome, well)

    def test_of_somebody_who_is_gone_names_the_number(self) -> None:
        assert of_request(CALL, {}).whom == "7"

    def test_that_withings_does_not_know_is_shown_too(self) -> None:
        line = of_request(CALL.model_copy(update={"action": "getmood", "userid": None}), NAMES)
        assert (line.what, line.about, line.whom) == (
            "Asks for what Withings does not know",
            "/measure getmood",
            "",
        )

    def test_has_words_for_every_action(self) -> None:
        # Of the path with a version all are refused, since real Withings serves none of them there.
        assert {known for known in ACTIONS if known[0] != "/v2/notify"} == set(CALLS)


class TestANotification:
    @pytest.mark.parametrize(
        ("fared", "outcome", "well"),
        [
            ({}, "on its way", True),
            ({"state": DeliveryState.HELD}, "held back", False),
            ({"state": DeliveryState.LOST}, "lost on its way", False),
            ({"tries": 1, "last_status": 500}, "answered 500, 1 try, the next at 12:01:30", False),
            ({"tries": 2}, "nobody answered, 2 tries, the next at 12:01:30", False),
            (
                {"state": DeliveryState.DELIVERED, "tries": 1, "last_status": 200},
                "delivered, answered 200",
                True,
            ),
            (
                {"state": DeliveryState.DELIVERED, "tries": 3, "last_status": 200},
                "delivered after 3 tries, answered 200",
                True,
            ),
            (
                {"state": DeliveryState.FAILED, "tries": 10},
                "given up after 10 tries, nobody answered",
                False,
            ),
        ],
    )
    def test_says_how_it_fared(self, fared: dict[str, object], outcome: str, *, well: bool) -> None:
        line = of_delivery(replace(NOTIFICATION, **fared), NAMES)  # type: ignore[arg-type] # fields of it
        assert (line.what, line.about) == ("Weight", "appli 1 to localhost:5001")
        assert (line.outcome, line.well) == (outcome, well)

    def test_has_words_for_every_category(self) -> None:
        assert set(APPLIS) == set(Appli)


class TestWhatADeedCaused:
    def test_is_counted(self) -> None:
        assert of_new([]) == "Nobody asked to be told of it."
        assert of_new([NOTIFICATION]) == "One notification is on its way."
        assert of_new([NOTIFICATION] * 2) == "2 notifications are on their way."
