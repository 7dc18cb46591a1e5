import itertools
import time
from collections import Counter
from typing import Any

import pytest

from unit.sandbox.sandbox_driver import NOON, StandingTime, opened
from withings_bridge.sandbox import Clock, SandboxOptions
from withings_bridge.sandbox.seeding import seed_people
from withings_bridge.sandbox.world import World
from withings_bridge.sandbox.world.records import Service

MIDNIGHT = int(NOON) - 12 * 3600
FOREVER = 2**40
Rows = list[dict[str, Any]]


def _world(*, seed: int = 1, days: int = 365, people: int = 4, at: float = NOON) -> World:
    world = World.open(None)
    seed_people(world, SandboxOptions(seed=seed, days=days, people=people), Clock(StandingTime(at)).now())
    return world


def _rows(world: World, userid: int, service: Service) -> Rows:
    return [record.body for record in world.records.changed_after(userid, service, -1, at=FOREVER)]


def _everything(world: World) -> dict[tuple[int, Service], Rows]:
    return {
        (person.userid, service): _rows(world, person.userid, service)
        for person in world.people.all()
        for service in Service
    }


@pytest.fixture(scope="module")
def world() -> World:
    return _world()


@pytest.fixture(scope="module")
def userids(world: World) -> list[int]:
    return [person.userid for person in world.people.all()]


def _values(groups: Rows, number: int, *, attribs: frozenset[int] = frozenset({0, 7})) -> list[float]:
    return [
        measure["value"] * 10.0 ** measure["unit"]
        for group in groups
        if group["attrib"] in attribs and group["category"] == 1
        for measure in group["measures"]
        if measure["type"] == number and measure.get("position") in {None, 7}
    ]


class TestDeterminism:
    @pytest.mark.slow
    def test_the_same_seed_on_the_same_day_gives_the_same_world(self) -> None:
        morning, evening = _world(days=30, at=NOON - 36_000), _world(days=30, at=NOON + 36_000)
        assert _everything(morning) == _everything(evening)
        assert morning.people.devices(40_000_001) == evening.people.devices(40_000_001)

    def test_another_seed_gives_another_world(self) -> None:
        assert _everything(_world(days=5)) != _everything(_world(days=5, seed=2))

    def test_more_people_leave_the_first_as_it_was(self) -> None:
        alone, together = _world(days=5, people=1), _world(days=5, people=3)
        assert _rows(alone, 40_000_001, Service.NIGHTS) == _rows(together, 40_000_001, Service.NIGHTS)

    def test_a_year_of_one_person_takes_less_than_a_second(self) -> None:
        begun = time.perf_counter()
        _world(people=1)
        assert time.perf_counter() - begun < 1


class TestPlausibility:
    @pytest.mark.slow
    def test_nothing_lies_in_the_future(self, world: World, userids: list[int]) -> None:
        for userid in userids:
            for group in _rows(world, userid, Service.MEASURES):
                assert group["date"] <= group["created"] <= group["modified"] <= MIDNIGHT
            for night in _rows(world, userid, Service.NIGHTS):
                assert night["startdate"] < night["enddate"] <= MIDNIGHT
            for day in _rows(world, userid, Service.ACTIVITY):
                assert day["modified"] <= MIDNIGHT

    @pytest.mark.parametrize(
        ("number", "least", "most"),
        [(1, 45, 130), (6, 8, 45), (9, 50, 100), (10, 90, 160), (11, 40, 120), (54, 90, 100), (71, 35.5, 41)],
    )
    def test_values_are_those_of_the_living(
        self, world: World, userids: list[int], number: int, least: float, most: float
    ) -> None:
        for userid in userids:
            values = _values(_rows(world, userid, Service.MEASURES), number)
            assert values
            assert least <= min(values) <= max(values) <= most

    def test_weight_is_fat_and_the_rest(self, world: World, userids: list[int]) -> None:
        for group in _rows(world, userids[0], Service.MEASURES):
            value = {
                m["type"]: m["value"] * 10.0 ** m["unit"] for m in group["measures"] if "position" not in m
            }
            whole = {
                m["type"]: m["value"] * 10.0 ** m["unit"] for m in group["measures"] if m.get("position") == 7
            }
            if 5 in whole:
                assert value[1] == pytest.approx(whole[5] + whole[8], abs=0.02)
                assert value[6] == pytest.approx(100 * whole[8] / value[1], abs=0.05)
                assert whole[5] == pytest.approx(whole[76] + whole[88], abs=0.02)

    def test_weight_changes_little_from_day_to_day(self, world: World, userids: list[int]) -> None:
        weights = _values(sorted(_rows(world, userids[0], Service.MEASURES), key=lambda g: g["date"]), 1)
        assert all(abs(now - before) < 3 for before, now in itertools.pairwise(weights))

    def test_nights_last_as_nights_do(self, world: World, userids: list[int]) -> None:
        for night in _rows(world, userids[0], Service.NIGHTS):
            data = night["data"]
            assert data["total_timeinbed"] == night["enddate"] - night["startdate"]
            assert 0 < data["total_sleep_time"] < data["total_timeinbed"]
            assert 0 <= data["sleep_efficiency"] <= 1
            assert data["hr_min"] < data["hr_average"] < data["hr_max"]

    def test_heights_were_typed_in_before_the_first_day(self, world: World, userids: list[int]) -> None:
        for userid in userids:
            groups = _rows(world, userid, Service.MEASURES)
            heights = [group for group in groups if group["measures"][0]["type"] == 4]
            assert [group["attrib"] for group in heights] == [4]
            assert heights[0]["date"] < min(group["date"] for group in groups if group["attrib"] == 0)


class TestVariety:
    def test_people_live_in_different_zones(self, world: World) -> None:
        assert len({person.timezone for person in world.people.all()}) == 4

    def test_groups_come_with_every_attribution(self, world: World, userids: list[int]) -> None:
        attribs = Counter(group["attrib"] for group in _rows(world, userids[0], Service.MEASURES))
        assert {0, 1, 2, 4, 5, 7, 8, 10} <= attribs.keys()

    def test_typed_in_groups_have_no_device(self, world: World, userids: list[int]) -> None:
        for group in _rows(world, userids[0], Service.MEASURES):
            typed_in = group["attrib"] in {2, 4}
            assert (group["deviceid"] is None) == typed_in
            assert (group["modelid"] is None) == typed_in

    def test_a_velocity_shares_its_moment_with_its_companion_and_a_weighing(
        self, world: World, userids: list[int]
    ) -> None:
        at: dict[int, set[int]] = {}
        for group in _rows(world, userids[0], Service.MEASURES):
            at.setdefault(group["date"], set()).add(group["attrib"])
        velocities = [attribs for attribs in at.values() if 8 in attribs]
        assert velocities
        assert all({8, 10} < attribs for attribs in velocities)

    def test_a_body_scan_repeats_types_and_names_positions(self, world: World, userids: list[int]) -> None:
        groups = _rows(world, userids[0], Service.MEASURES)
        positions = {m["position"] for group in groups for m in group["measures"] if "position" in m}
        assert {2, 3, 7, 10, 11, 12} <= positions
        assert any(
            Counter((m["type"], m.get("position")) for m in group["measures"]).most_common(1)[0][1] == 2
            for group in groups
        )

    def test_exponents_vary_for_one_type(self, world: World, userids: list[int]) -> None:
        units = {
            number: {
                m["unit"]
                for group in _rows(world, userids[0], Service.MEASURES)
                for m in group["measures"]
                if m["type"] == number
            }
            for number in (1, 10)
        }
        assert units == {1: {-1, -2, -3, -4}, 10: {0, -2}}

    def test_some_records_arrive_days_late_and_some_are_edited(
        self, world: World, userids: list[int]
    ) -> None:
        groups = _rows(world, userids[0], Service.MEASURES)
        assert any(group["created"] - group["date"] > 86_400 for group in groups)
        assert any(group["modified"] > group["created"] for group in groups)

    def test_some_days_were_counted_by_a_phone_too(self, world: World, userids: list[int]) -> None:
        days = _rows(world, userids[0], Service.ACTIVITY)
        phone = [day for day in days if day["brand"] == 18]
        assert phone
        assert all(day["deviceid"] is None and "hr_average" not in day for day in phone)
        counted = Counter(day["date"] for day in days)
        assert all(counted[day["date"]] == 2 for day in phone)

    def test_there_are_naps_ecgs_and_workouts(self, world: World, userids: list[int]) -> None:
        nights = Counter(night["date"] for night in _rows(world, userids[0], Service.NIGHTS))
        assert max(nights.values()) == 2
        assert _rows(world, userids[0], Service.HEART)
        assert _rows(world, userids[0], Service.WORKOUTS)
        types = {m["type"] for g in _rows(world, userids[0], Service.MEASURES) for m in g["measures"]}
        assert {130, 135, 136, 137, 138, 91, 155, 123, 226, 173, 174, 175} <= types

    def test_a_person_without_a_mat_sleeps_by_the_watch(self, world: World, userids: list[int]) -> None:
        models = {night["model"] for userid in userids for night in _rows(world, userid, Service.NIGHTS)}
        assert models == {16, 32}


class TestSeededOnce:
    async def test_an_empty_world_is_seeded_and_a_kept_one_is_not(self, tmp_path: Any) -> None:
        options = SandboxOptions(days=3, state_path=tmp_path / "world.sqlite")
        async with opened(options) as driver:
            first = await driver.control("GET", "/people")
        later = Clock(StandingTime(NOON + 5 * 86_400))
        async with opened(options, later) as driver:
            assert await driver.control("GET", "/people") == first
