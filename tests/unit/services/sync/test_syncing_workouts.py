"""Workouts, which Withings announces by their local day."""

from typing import Any

from builders import DAY, HOUR
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.records import Kind


def a_workout(id_: int, start: int, day: str) -> dict[str, Any]:
    return {
        "id": id_,
        "category": 2,
        "timezone": "Europe/Paris",
        "startdate": start,
        "enddate": start + 1800,
        "date": day,
        "data": {},
    }


class TestAWorkoutAfterMidnight:
    async def test_goes_when_it_is_deleted_though_it_is_yesterday_in_utc(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        today = clock().replace(hour=0, minute=0, second=0)
        workout = a_workout(1, int((today - HOUR).timestamp()), f"{today:%Y-%m-%d}")
        await house.load(userid, series=[workout], notify=True, stamp=True)
        notice = {"userid": userid, "appli": "16", "date": f"{today:%Y-%m-%d}"}
        await house.receiving.receive(notice)
        await house.drain(userid)
        assert [record.key for record in await house.records(userid, Kind.WORKOUT)] == ["1"]

        clock.advance(DAY)
        await house.cloud.control("DELETE", f"/people/{userid}/records/workouts/1")
        await house.receiving.receive(notice)
        await house.drain(userid)

        assert await house.records(userid, Kind.WORKOUT) == []
