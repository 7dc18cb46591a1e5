"""Why is my reading not in the app? The stage that is missing is named, with what to do."""

from builders import DAY, HOUR, MINUTE
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.explanations import Explanation, Stage, Standing


async def has_a_scale(house: House) -> None:
    """The person has a scale, which was in touch with Withings an hour ago."""
    person = (await house.cloud.control("GET", "/people"))[0]["userid"]
    scale = {"deviceid": "scale-1", "model": "Body+", "model_id": 5, "type": "Scale", "battery": "low"}
    session = int((house.clock() - HOUR).timestamp())
    await house.load(str(person), devices=[{**scale, "last_session_date": session}])


async def explained(house: House, user: str = "user-1") -> Explanation:
    await house.noting.flush()
    return (await house.explaining.explain(user)).explanation


def standings(explanation: Explanation) -> dict[Stage, Standing]:
    return {finding.stage: finding.standing for finding in explanation.findings}


class TestAReading:
    async def test_that_came_through_has_taken_every_stage(self, house: House) -> None:
        await has_a_scale(house)
        userid = await house.linked()
        await house.notified(userid, await house.weigh(userid, 81.3))
        explanation = await explained(house)
        assert set(standings(explanation).values()) == {Standing.DONE}
        assert [finding.stage for finding in explanation.findings] == list(Stage)
        assert explanation.missing is None
        assert "reload the app" in explanation.verdict

    async def test_that_no_device_has_brought_to_withings(self, house: House, clock: FakeClock) -> None:
        await has_a_scale(house)
        await house.linked()
        clock.advance(2 * DAY)
        explanation = await explained(house)
        assert explanation.missing
        assert explanation.missing.stage is Stage.DEVICE
        assert "Body+. Its battery is low. Open the Withings app near the device" in explanation.verdict

    async def test_that_was_not_announced(self, house: House) -> None:
        userid = await house.linked()
        await house.weigh(userid, 81.3)
        await house.requesting.sync("user-1")
        explanation = await explained(house)
        assert standings(explanation)[Stage.ANNOUNCED] is Standing.UNKNOWN
        assert standings(explanation)[Stage.ROWS] is Standing.DONE

    async def test_that_withings_would_not_give(self, house: House) -> None:
        userid = await house.linked()
        await house.cloud.control("POST", "/mishaps", {"kind": "status", "status": 522, "times": 1})
        await house.notified(userid, await house.weigh(userid, 81.3))
        explanation = await explained(house)
        missing = {finding.stage for finding in explanation.findings if finding.standing is Standing.MISSING}
        assert missing == {Stage.ASKED, Stage.STORED, Stage.ROWS}
        assert "measures without success" in explanation.verdict
        assert "tried again by itself" in explanation.verdict

    async def test_that_may_be_another_persons(self, house: House) -> None:
        userid = await house.linked()
        await house.notified(userid, await house.weigh(userid, 81.3, attrib=1))
        explanation = await explained(house)
        assert explanation.missing
        assert explanation.missing.stage is Stage.ROWS
        assert "not sure whose" in explanation.verdict

    async def test_of_another_day_is_not_taken_for_it(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        await house.notified(userid, await house.weigh(userid, 81.3))
        yesterday = (clock() - DAY).date()
        found = (await house.explaining.explain("user-1", yesterday)).explanation
        assert standings(found)[Stage.STORED] is Standing.MISSING


class TestALink:
    async def test_that_is_not_there_is_all_there_is_to_say(self, house: House) -> None:
        explanation = await explained(house)
        assert standings(explanation) == {Stage.LINK: Standing.MISSING}
        assert "Connect Withings" in explanation.verdict

    async def test_whose_consent_covers_only_a_part_says_what_it_lacks(self, house: House) -> None:
        await house.link(scope="user.info,user.metrics")
        link = (await explained(house)).findings[0]
        assert (link.standing, link.said) == (
            Standing.DONE,
            "The user is linked, and has not consented to user.activity.",
        )

    async def test_whose_consent_covers_nothing_to_read_is_missing(self, house: House) -> None:
        await house.link(scope="user.info")
        explanation = await explained(house)
        assert standings(explanation) == {Stage.LINK: Standing.MISSING}
        assert "Connect Withings again" in explanation.verdict

    async def test_that_withings_no_longer_honours(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        await house.cloud.control("POST", f"/people/{userid}/unlink", {})
        clock.advance(4 * HOUR)
        await house.notified(userid, await house.weigh(userid, 81.3))
        clock.advance(MINUTE)
        await house.drain(userid)
        assert "connect Withings again" in (await explained(house)).verdict
