from typing import Any

import pytest

from unit.sandbox.sandbox_driver import Linked, opened
from withings_bridge.sandbox import SandboxOptions

SERVICES = [
    ("/measure", "getmeas", "measuregrps", {"lastupdate": 0}),
    ("/v2/measure", "getactivity", "activities", {"lastupdate": 0}),
    ("/v2/measure", "getworkouts", "series", {"lastupdate": 0}),
    ("/v2/sleep", "getsummary", "series", {"lastupdate": 0}),
    ("/v2/heart", "list", "series", {}),
]
IDS = [action for _, action, _, _ in SERVICES]


async def _pages(linked: Linked, path: str, action: str, window: dict[str, int]) -> list[dict[str, Any]]:
    pages = [await linked.body(path, action, **window)]
    while pages[-1].get("more"):
        pages.append(await linked.body(path, action, **window, offset=pages[-1]["offset"]))
    return pages


class TestPages:
    @pytest.mark.slow
    @pytest.mark.parametrize(("path", "action", "rows", "window"), SERVICES, ids=IDS)
    async def test_together_hold_every_row_once_by_ascending_change(
        self, path: str, action: str, rows: str, window: dict[str, int]
    ) -> None:
        async with opened(SandboxOptions(auto_approve=True, days=60)) as driver:
            whole = (await (await driver.link()).body(path, action, **window))[rows]
        async with opened(SandboxOptions(auto_approve=True, days=60, page_size=2)) as driver:
            await driver.faults(quota=False)
            pages = await _pages(await driver.link(), path, action, window)
        together = [row for page in pages for row in page[rows]]
        assert len(pages) > 1
        assert together[: len(whole)] == whole
        assert [row["modified"] for row in together] == sorted(row["modified"] for row in together)
        assert {len(page[rows]) for page in pages[:-1]} == {2}

    async def test_of_getmeas_count_in_integers(self) -> None:
        async with opened(SandboxOptions(auto_approve=True, days=9, page_sizes={"getmeas": 5})) as driver:
            pages = await _pages(await driver.link(), "/measure", "getmeas", {"lastupdate": 0})
        assert pages[0]["more"] == 1
        assert not isinstance(pages[0]["more"], bool)
        assert pages[0]["offset"] == 5

    async def test_of_getmeas_say_nothing_when_there_is_only_one(self, newly_linked: Linked) -> None:
        body = await newly_linked.body("/measure", "getmeas", lastupdate=0)
        assert not {"more", "offset"} & body.keys()

    @pytest.mark.parametrize(("path", "action", "rows", "window"), SERVICES[1:], ids=IDS[1:])
    async def test_elsewhere_end_with_false_and_an_offset(
        self, linked: Linked, path: str, action: str, rows: str, window: dict[str, int]
    ) -> None:
        body = await linked.body(path, action, **window)
        assert body["more"] is False
        assert body["offset"] == len(body[rows])

    async def test_beyond_the_last_are_empty(self, linked: Linked) -> None:
        body = await linked.body("/v2/sleep", "getsummary", lastupdate=0, offset=5000)
        assert (body["series"], body["more"]) == ([], False)

    @pytest.mark.parametrize("offset", ["-1", "next"])
    async def test_need_a_sensible_offset(self, linked: Linked, offset: str) -> None:
        reply = await linked.call("/measure", "getmeas", lastupdate=0, offset=offset)
        assert reply["status"] == 503


class TestPageSize:
    def test_is_the_captured_one_of_getsummary_unless_set(self) -> None:
        assert SandboxOptions().rows_per_page("getsummary") == 300
        assert SandboxOptions().rows_per_page("getmeas") == 100
        assert SandboxOptions(page_size=100).rows_per_page("getsummary") == 100
        assert SandboxOptions(page_size=7).rows_per_page("getsummary") == 7
        assert SandboxOptions(page_sizes={"getsummary": 3}).rows_per_page("getsummary") == 3
