"""Why is my reading not in the app?, over HTTP."""

from api.readers import Reader, weighed
from api.running import OTHER_USER, USER

PATH = "/explain"


class TestExplain:
    async def test_names_the_stage_that_is_missing(self, reader: Reader) -> None:
        await reader.has(weighed(1, timezone="Europe/Paris"))
        reply = await reader.got(PATH)
        assert {
            "userId": USER,
            "account": "1234",
            "day": "2026-03-02",
            "missing": "asked",
        }.items() <= reply.items()
        stored = next(finding for finding in reply["findings"] if finding["stage"] == "stored")
        assert stored == {
            "stage": "stored",
            "standing": "done",
            "said": "Records of that day are stored: 1 of measures.",
            "advice": None,
            "at": None,
        }
        assert reply["verdict"].startswith("Withings has not been asked since that day began.")

    async def test_is_about_the_day_that_is_named(self, reader: Reader) -> None:
        await reader.has(weighed(1))
        reply = await reader.got(PATH, day="2026-03-01")
        assert (reply["day"], reply["missing"]) == ("2026-03-01", "announced")
        assert (await reader.refused(PATH, day="yesterday"))[:2] == (422, "invalid_request")

    async def test_of_who_is_not_linked_says_so(self, reader: Reader) -> None:
        reply = await reader.got(PATH, userId=OTHER_USER)
        assert (reply["account"], reply["missing"]) == (None, "link")
