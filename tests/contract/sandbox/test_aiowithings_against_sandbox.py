"""The published client aiowithings, as it is, completes every call it has against the sandbox."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession
from aiowithings import (
    ActivityDataFields,
    MeasurementType,
    NotificationCategory,
    SleepDataFields,
    SleepState,
    SleepSummaryDataFields,
    WithingsAuthenticationFailedError,
    WithingsClient,
    WithingsTooManyRequestsError,
    WorkoutDataFields,
    aggregate_measurements,
)
from aiowithings.helpers import aggregate_sleep_summary

from contract.sandbox.sandbox_server import Served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:aiohttp")


def _month() -> tuple[date, date]:
    today = datetime.now(UTC).date()
    return today - timedelta(days=30), today


def _ages_ago() -> datetime:
    return datetime(2015, 1, 1, tzinfo=UTC)


@pytest.fixture
async def client(served: Served) -> AsyncIterator[WithingsClient]:
    """The client with a session that sends Withings' URL to the sandbox's port."""

    async def to_the_sandbox(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        assert (request.url.scheme, request.url.host) == ("https", "wbsapi.withings.net")
        request.url = request.url.with_scheme("http").with_host("127.0.0.1").with_port(served.port)
        return await handler(request)

    async with (
        ClientSession(middlewares=(to_the_sandbox,)) as session,
        WithingsClient(session=session) as withings,
    ):
        withings.authenticate(served.tokens["access_token"])
        yield withings


class TestDevicesAndGoals:
    async def test_get_devices(self, client: WithingsClient) -> None:
        devices = await client.get_devices()
        # The client leaves out the mat, whose name is that of an Aura Sensor V2.
        assert [device.raw_model for device in devices] == ["Body Scan", "BPM Core", "ScanWatch", "Thermo"]

    async def test_get_goals(self, client: WithingsClient) -> None:
        goals = await client.get_goals()
        assert (goals.steps, goals.sleep) == (10_000, 28_800)
        assert goals.weight is not None
        assert 40 < goals.weight < 120


class TestMeasurements:
    async def test_get_measurement_since(self, client: WithingsClient) -> None:
        groups = await client.get_measurement_since(_ages_ago())
        values = aggregate_measurements(groups)
        assert 40 < values[MeasurementType.WEIGHT, None] < 130
        assert 1.5 < values[MeasurementType.HEIGHT, None] < 2

    async def test_get_measurement_in_period(self, client: WithingsClient) -> None:
        now = datetime.now(UTC)
        groups = await client.get_measurement_in_period(
            now - timedelta(days=60), now, [MeasurementType.SYSTOLIC_BLOOD_PRESSURE]
        )
        assert groups
        types = {one.measurement_type for group in groups for one in group.measurements}
        assert types == {MeasurementType.SYSTOLIC_BLOOD_PRESSURE}


class TestActivities:
    async def test_get_activities_since(self, client: WithingsClient) -> None:
        activities = await client.get_activities_since(_ages_ago())
        assert all(activity.steps > 0 for activity in activities)

    async def test_get_activities_in_period(self, client: WithingsClient) -> None:
        first, last = _month()
        activities = await client.get_activities_in_period(first, last, list(ActivityDataFields))
        tracked = [activity for activity in activities if activity.is_withings_tracker]
        assert tracked
        assert all(activity.average_heart_rate for activity in tracked)
        assert all(first <= activity.date <= last for activity in activities)


class TestWorkouts:
    async def test_get_workouts_since(self, client: WithingsClient) -> None:
        assert await client.get_workouts_since(_ages_ago())

    async def test_get_workouts_in_period(self, client: WithingsClient) -> None:
        first, last = _month()
        workouts = await client.get_workouts_in_period(first, last, list(WorkoutDataFields))
        assert workouts
        assert all(workout.active_calories_burnt for workout in workouts)


class TestSleep:
    async def test_get_sleep(self, client: WithingsClient, served: Served) -> None:
        first, last = _month()
        nights = await client.get_sleep_summary_in_period(first, last)
        segments = await client.get_sleep(nights[0].start_date, nights[0].end_date, list(SleepDataFields))
        assert {segment.state for segment in segments} >= {SleepState.LIGHT_SLEEP, SleepState.DEEP_SLEEP}
        assert all(segment.heart_rate for segment in segments)

    async def test_get_sleep_summary_since(self, client: WithingsClient) -> None:
        summaries = await client.get_sleep_summary_since(_ages_ago())
        assert len(summaries) == 300
        assert all(summary.total_sleep_time for summary in summaries)

    async def test_get_sleep_summary_in_period(self, client: WithingsClient) -> None:
        first, last = _month()
        summaries = await client.get_sleep_summary_in_period(first, last, list(SleepSummaryDataFields))
        together = aggregate_sleep_summary(summaries)
        assert together is not None
        assert together.sleep_score


class TestNotifications:
    async def test_subscribe_notification(self, client: WithingsClient, served: Served) -> None:
        await client.subscribe_notification(served.webhook_url, NotificationCategory.WEIGHT)
        people = await served.control("GET", "/people")
        assert people[0]["subscriptions"] == 1

    async def test_list_notification_configurations(self, client: WithingsClient, served: Served) -> None:
        await client.subscribe_notification(served.webhook_url, NotificationCategory.WEIGHT)
        await client.subscribe_notification(served.webhook_url, NotificationCategory.SLEEP)
        every = await client.list_notification_configurations()
        sleep = await client.list_notification_configurations(NotificationCategory.SLEEP)
        assert [one.notification_category for one in every] == [
            NotificationCategory.WEIGHT,
            NotificationCategory.SLEEP,
        ]
        assert [one.callback_url for one in sleep] == [served.webhook_url]

    async def test_revoke_notification_configurations(self, client: WithingsClient, served: Served) -> None:
        await client.subscribe_notification(served.webhook_url, NotificationCategory.WEIGHT)
        await client.revoke_notification_configurations(served.webhook_url, NotificationCategory.WEIGHT)
        assert await client.list_notification_configurations() == []


class TestFailures:
    async def test_a_bad_token_is_one_to_the_client(self, client: WithingsClient) -> None:
        client.authenticate("0" * 40)
        with pytest.raises(WithingsAuthenticationFailedError):
            await client.get_devices()

    async def test_a_repeated_call_is_one_too_many_to_the_client(self, client: WithingsClient) -> None:
        await client.get_devices()
        with pytest.raises(WithingsTooManyRequestsError):
            await client.get_devices()

    async def test_the_token_can_come_from_a_function(self, client: WithingsClient, served: Served) -> None:
        async def token() -> str:
            return str(served.tokens["access_token"])

        client.authenticate("0" * 40)
        client.refresh_token_function = token
        assert await client.get_devices()
