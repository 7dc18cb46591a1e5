"""The sandbox's replies have the keys and types of recorded ones."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from contract.sandbox.sandbox_server import Served
from withings_bridge.domain import fields

Recorded = Callable[[str], Any]
Shape = dict[str, set[str]]

SUMMARY_FIELDS = (
    "remsleepduration,total_sleep_time,sleep_efficiency,sleep_latency,wakeup_latency,waso,nb_rem_episodes,"
    "out_of_bed_count,lightsleepduration,deepsleepduration,wakeupduration,wakeupcount,durationtosleep,"
    "durationtowakeup,hr_average,hr_min,hr_max,rr_average,rr_min,rr_max,breathing_disturbances_intensity,"
    "snoring,snoringepisodecount,sleep_score,apnea_hypopnea_index"
)
WINDOW = {"lastupdate": 0}


def _shape(rows: Iterable[dict[str, Any]]) -> Shape:
    """Every key of some rows with the JSON types its values take."""
    shape: Shape = {}
    for row in rows:
        for name, value in row.items():
            shape.setdefault(name, set()).add(_json_type(value))
    return shape


def _json_type(value: Any) -> str:
    return "number" if type(value) in {int, float} else type(value).__name__


def _assert_alike(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], *, extra: frozenset[str]) -> None:
    """All recorded keys are there, none but the named ones is added, and no type is new."""
    own, recorded = _shape(ours), _shape(theirs)
    assert own.keys() - extra == recorded.keys()
    strange = {
        name: own[name] - recorded[name]
        for name in recorded
        if not own[name] <= recorded[name] | {"NoneType"} and "NoneType" not in recorded[name]
    }
    assert strange == {}


NOTHING: frozenset[str] = frozenset()


class TestGetmeas:
    async def test_looks_like_a_recorded_reply(self, served: Served, recorded: Recorded) -> None:
        theirs = recorded("measurement.json")["body"]
        ours = await served.call("/measure", "getmeas", startdate=0)
        assert ours.keys() - {"more", "offset"} == theirs.keys()
        assert _shape([ours])["updatetime"] == _shape([theirs])["updatetime"]
        _assert_alike(ours["measuregrps"], theirs["measuregrps"], extra=NOTHING)

    async def test_measures_look_like_recorded_ones(self, served: Served, recorded: Recorded) -> None:
        groups = recorded("measurement_list_2.json") + recorded("measurement_positions.json")
        theirs = [measure for group in groups for measure in group["measures"]]
        ours = await served.call("/measure", "getmeas", startdate=0)
        measures = [measure for group in ours["measuregrps"] for measure in group["measures"]]
        _assert_alike(measures, theirs, extra=NOTHING)


class TestGetactivity:
    async def test_looks_like_a_recorded_reply(self, served: Served, recorded: Recorded) -> None:
        theirs = recorded("activity.json")["body"]
        ours = await served.call(
            "/v2/measure", "getactivity", **WINDOW, data_fields=",".join(fields.names(fields.ACTIVITY))
        )
        assert _shape([ours]) == _shape([theirs])
        _assert_alike(ours["activities"], theirs["activities"], extra=NOTHING)


class TestGetworkouts:
    async def test_looks_like_a_recorded_reply(self, served: Served, recorded: Recorded) -> None:
        theirs = recorded("workouts.json")["body"]
        asked = sorted({name for row in theirs["series"] for name in row["data"]})
        ours = await served.call("/v2/measure", "getworkouts", **WINDOW, data_fields=",".join(asked))
        assert _shape([ours]) == _shape([theirs])
        _assert_alike(ours["series"], theirs["series"], extra=NOTHING)
        _assert_alike(
            [row["data"] for row in ours["series"]], [row["data"] for row in theirs["series"]], extra=NOTHING
        )


class TestSleep:
    @pytest.mark.parametrize(
        ("name", "asked"),
        [
            ("sleep_summary_no_datafields.json", {}),
            ("sleep_summary.json", {"data_fields": SUMMARY_FIELDS}),
        ],
    )
    async def test_summaries_look_like_recorded_ones(
        self, served: Served, recorded: Recorded, name: str, asked: dict[str, str]
    ) -> None:
        theirs = recorded(name)["body"]
        ours = await served.call("/v2/sleep", "getsummary", **WINDOW, **asked)
        assert (ours["more"], ours["offset"], len(ours["series"])) == (
            theirs["more"],
            theirs["offset"],
            len(theirs["series"]),
        )
        _assert_alike(ours["series"], theirs["series"], extra=frozenset({"completed"}))
        _assert_alike(
            [row["data"] for row in ours["series"]], [row["data"] for row in theirs["series"]], extra=NOTHING
        )

    async def test_segments_look_like_recorded_ones(self, served: Served, recorded: Recorded) -> None:
        theirs = recorded("sleep_no_datafields.json")["body"]
        night = (await served.call("/v2/sleep", "getsummary", **WINDOW))["series"][0]
        ours = await served.call("/v2/sleep", "get", startdate=night["startdate"], enddate=night["enddate"])
        assert ours["series"]
        assert _shape(ours["series"]) == _shape(theirs["series"])


class TestUser:
    async def test_devices_look_like_recorded_ones(self, served: Served, recorded: Recorded) -> None:
        theirs = recorded("device.json")["body"]["devices"]
        ours = await served.call("/v2/user", "getdevice")
        _assert_alike(ours["devices"], theirs, extra=NOTHING)

    async def test_goals_look_like_recorded_ones(self, served: Served, recorded: Recorded) -> None:
        theirs = recorded("goals.json")["body"]
        ours = await served.call("/v2/user", "getgoals")
        assert _shape([ours["goals"]]) == _shape([theirs["goals"]])
        assert _shape([ours["goals"]["weight"]]) == _shape([theirs["goals"]["weight"]])

    async def test_no_goals_are_an_empty_list(self, served: Served, recorded: Recorded) -> None:
        await served.control("POST", f"/people/{served.userid}/records", {"goals": {}})
        assert await served.call("/v2/user", "getgoals") == recorded("no_goals.json")["body"]


class TestNotify:
    async def test_replies_look_like_recorded_ones(self, served: Served, recorded: Recorded) -> None:
        url = {"callbackurl": served.webhook_url, "appli": 1}
        assert await served.call("/notify", "subscribe", **url) == recorded("notify_subscribe.json")["body"]
        listed = await served.call("/notify", "list")
        _assert_alike(listed["profiles"], recorded("notify_list.json")["body"]["profiles"], extra=NOTHING)
        assert await served.call("/notify", "revoke", **url) == recorded("notify_revoke.json")["body"]


class TestRecordedRepliesLoaded:
    @pytest.mark.parametrize(
        ("name", "kind", "path", "action", "asked"),
        [
            ("measurement.json", "measuregrps", "/measure", "getmeas", ()),
            ("activity.json", "activities", "/v2/measure", "getactivity", fields.ACTIVITY),
            ("workouts.json", "series", "/v2/measure", "getworkouts", fields.WORKOUT),
            ("sleep_summary.json", "series", "/v2/sleep", "getsummary", fields.SLEEP_SUMMARY),
        ],
    )
    async def test_come_out_as_they_went_in(
        self,
        served: Served,
        recorded: Recorded,
        name: str,
        kind: str,
        path: str,
        action: str,
        asked: tuple[fields.Field, ...],
    ) -> None:
        rows = recorded(name)["body"][kind]
        await served.control("POST", f"/people/{served.userid}/records", {kind: rows, "replace": True})
        body = await served.call(path, action, **WINDOW, data_fields=",".join(fields.names(asked)))
        assert sorted(body[kind], key=str) == sorted(rows, key=str)
