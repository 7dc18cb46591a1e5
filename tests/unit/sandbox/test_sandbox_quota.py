from unit.sandbox.sandbox_driver import NOON, Driver, Linked, StandingTime, opened
from withings_bridge.sandbox import Clock, SandboxOptions
from withings_bridge.sandbox.quota import Echoes, Quota


class TestQuota:
    def test_lets_so_many_calls_through_in_any_minute(self) -> None:
        quota = Quota(3)
        assert [quota.spend(now=NOON) for _ in range(4)] == [0, 0, 0, 60]
        assert quota.spend(now=NOON + 59) == 1
        assert [quota.spend(now=NOON + 60) for _ in range(4)] == [0, 0, 0, 60]

    def test_does_not_count_what_it_refused(self) -> None:
        quota = Quota(1)
        assert [quota.spend(now=NOON + later) for later in (0, 20, 40, 60)] == [0, 40, 20, 0]

    def test_of_zero_is_unlimited(self) -> None:
        quota = Quota(0)
        assert {quota.spend(now=NOON) for _ in range(500)} == {0}

    async def test_covers_all_people_and_token_calls_together(self) -> None:
        options = SandboxOptions(auto_approve=True, days=0, people=2, quota_per_minute=4)
        async with opened(options) as cloud:
            people = await cloud.control("GET", "/people")
            links = [await cloud.link(person=person["userid"]) for person in people]
            replies = [await one.call("/v2/user", "getgoals") for one in links]
            refused = await links[0].call("/v2/user", "getdevice")
            cloud.advance(60)
            later = await links[0].call("/v2/user", "getdevice")
        assert [reply["status"] for reply in replies] == [0, 0]
        assert (refused["status"], refused["error"]) == (601, "Too Many Requests")
        assert refused["body"] == {"wait_seconds": 60}
        assert later["status"] == 0

    async def test_can_be_switched_off(self) -> None:
        async with opened(SandboxOptions(auto_approve=True, days=0, quota_per_minute=1)) as cloud:
            await cloud.faults(quota=False)
            linked = await cloud.link()
            assert (await linked.call("/v2/user", "getdevice"))["status"] == 0


class TestEchoes:
    def test_forget_a_call_after_ten_seconds(self) -> None:
        time = StandingTime()
        echoes = Echoes(Clock(time))
        assert echoes.repeat("call") == 0
        time.at += 9.5
        assert echoes.repeat("call") == 1
        time.at += 0.5
        assert echoes.repeat("call") == 0

    async def test_refuse_an_identical_data_call(self, linked: Linked) -> None:
        first = await linked.call("/measure", "getmeas", lastupdate=1)
        same = await linked.call("/measure", "getmeas", lastupdate=1)
        other = await linked.call("/measure", "getmeas", lastupdate=2)
        assert [first["status"], same["status"], other["status"]] == [0, 601, 0]
        assert same["error"] == "Same arguments in less than 10 seconds"
        assert same["body"] == {"wait_seconds": 10}

    async def test_tell_one_caller_from_another(self, cloud: Driver) -> None:
        await cloud.faults(consent_ends_older_pairs=False)
        one, other = await cloud.link(), await cloud.link()
        assert (await one.call("/v2/user", "getdevice"))["status"] == 0
        assert (await other.call("/v2/user", "getdevice"))["status"] == 0

    async def test_can_be_switched_off(self, linked: Linked) -> None:
        await linked.driver.faults(same_arguments=False)
        replies = [await linked.call("/v2/user", "getdevice") for _ in range(3)]
        assert [reply["status"] for reply in replies] == [0, 0, 0]

    async def test_leave_notify_calls_alone(self, linked: Linked) -> None:
        replies = [await linked.call("/notify", "list") for _ in range(3)]
        assert [reply["status"] for reply in replies] == [0, 0, 0]
