"""The whole bridge at a glance, and one account in full."""

from dataclasses import replace
from typing import Any

import pytest

from builders import DAY, HOUR, NOON, a_pair, an_account
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import State
from withings_bridge.domain.errors import NoSuchAccount
from withings_bridge.domain.inbox import ASKED, Subscriptions, Work
from withings_bridge.domain.trail import What
from withings_bridge.domain.troubles import Trouble
from withings_bridge.services.oversight import overseeing
from withings_bridge.services.oversight.overseeing import Condition, Overview

TROUBLE = Trouble(reason="Withings said no.", since=NOON, attempts=3, retry_at=NOON + HOUR)


def failing(trouble: Trouble) -> dict[str, Any]:
    """Of an account one of whose categories has failed."""
    return {"work": {Category.SLEEP: Work(news=ASKED, trouble=trouble)}}


async def stored(house: House, *accounts: Account) -> None:
    for account in accounts:
        for user in account.users:

            def change(_: Account | None, account: Account = account) -> Account:
                return account

            await house.storage.links.join(user, account.userid, a_pair(), change)


def conditions(overview: Overview) -> dict[str, Condition]:
    return {each.account.userid: each.condition for each in overview.accounts}


class TestTheOverview:
    async def test_says_how_each_account_is(self, house: House) -> None:
        synced = {"synced_at": NOON}
        await stored(
            house,
            an_account("1", "u1", **synced),
            an_account("2", "u2"),
            an_account("3", "u3", **synced, **failing(TROUBLE)),
            an_account("4", "u4", **synced, **failing(replace(TROUBLE, retry_at=None))),
            an_account("5", "u5", consent_needed_at=NOON, **failing(replace(TROUBLE, retry_at=None))),
        )
        overview = await house.overseeing.overview()
        assert conditions(overview) == {
            "1": Condition.IN_STEP,
            "2": Condition.WAITING,
            "3": Condition.TROUBLE,
            "4": Condition.STUCK,
            "5": Condition.CONSENT,
        }
        assert [each.account.userid for each in overview.accounts if each.is_left_to_people] == ["4", "5"]

    @pytest.mark.slow
    async def test_says_that_an_account_is_importing(self, house: House) -> None:
        userid = await house.link()
        assert conditions(await house.overseeing.overview()) == {userid: Condition.IMPORTING}
        await house.drain(userid)
        assert conditions(await house.overseeing.overview()) == {userid: Condition.IN_STEP}

    async def test_tells_what_happened_lately(self, house: House) -> None:
        userid = await house.linked()
        await house.notified(userid, await house.weigh(userid, 81.3))
        await house.noting.flush()
        steps = (await house.overseeing.overview()).steps
        assert {step.what for step in steps[:5]} == {
            What.NOTIFIED,
            What.ASKED,
            What.STORED,
            What.WROTE,
            What.TOLD,
        }

    async def test_comes_in_pages(self, house: House) -> None:
        await stored(house, *(an_account(str(n), f"u{n}") for n in range(5)))
        seen: list[str] = []
        page = await house.overseeing.overview(limit=2)
        while True:
            seen += [each.account.userid for each in page.accounts]
            if page.after is None:
                break
            page = await house.overseeing.overview(limit=2, after=page.after)
        assert seen == ["0", "1", "2", "3", "4"]

    @pytest.mark.parametrize("count", [2, 4])
    async def test_has_no_page_behind_the_last(self, house: House, count: int) -> None:
        await stored(house, *(an_account(str(n), f"u{n}") for n in range(count)))
        first = await house.overseeing.overview(limit=2)
        assert (first.after is None) == (count == 2)
        if first.after:
            assert (await house.overseeing.overview(limit=2, after=first.after)).after is None

    async def test_finds_those_that_need_a_person_among_many(self, house: House) -> None:
        await stored(
            house,
            *(an_account(f"{n:02}", f"u{n}") for n in range(20)),
            an_account("20", "u20", consent_needed_at=NOON),
            an_account("21", "u21", consent_needed_at=NOON),
        )
        first = await house.overseeing.overview(limit=1, troubled=True)
        assert list(conditions(first)) == ["20"]
        second = await house.overseeing.overview(limit=1, troubled=True, after=first.after)
        assert list(conditions(second)) == ["21"]
        assert second.after is None

    async def test_goes_on_behind_a_page_that_is_shorter_than_it_might_be(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = house.storage.accounts.list

        async def short(*, after: str | None = None, limit: int = 100) -> list[Account]:
            return await whole(after=after, limit=min(limit, 2))

        monkeypatch.setattr(house.storage.accounts, "list", short)
        await stored(house, *(an_account(str(n), f"u{n}") for n in range(5)))
        overview = await house.overseeing.overview(limit=4)
        assert list(conditions(overview)) == ["0", "1", "2", "3"]
        assert overview.after == "3"

    async def test_says_that_more_follow_where_it_stopped_looking(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(overseeing, "MOST_LOOKED_AT", 4)
        await stored(house, *(an_account(str(n), f"u{n}") for n in range(6)))
        overview = await house.overseeing.overview(troubled=True, limit=2)
        assert (list(overview.accounts), overview.after) == ([], "3")


class TestAnAccount:
    async def test_is_found_by_its_user_too(self, house: House) -> None:
        userid = await house.linked("user-1")
        assert (await house.overseeing.account(userid)).account.userid == userid
        assert (await house.overseeing.account("user-1")).account.userid == userid

    async def test_that_is_unknown_is_told(self, house: House) -> None:
        with pytest.raises(NoSuchAccount):
            await house.overseeing.account("nobody")

    async def test_tells_of_each_category_what_was_done_and_what_is_left(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        await house.cloud.control("POST", "/mishaps", {"kind": "status", "status": 522, "times": None})
        await house.notified(userid, await house.weigh(userid, 81.3))
        seen = await house.overseeing.account(userid)
        measures = next(each for each in seen.categories if each.category is Category.MEASURES)
        assert measures.imported_at is not None
        assert measures.progress is None
        assert [(entry.state, entry.attempts) for entry in measures.pending] == [(State.RETRYING, 1)]
        assert [each.category for each in seen.categories if each.stuck] == [Category.MEASURES]

    async def test_tells_when_its_access_token_ends_and_never_the_token(self, house: House) -> None:
        userid = await house.linked()
        seen = await house.overseeing.account(userid)
        link = await house.link_of()
        assert seen.tokens
        assert seen.tokens.expires_at == link.pair.expires_at
        assert link.pair.access_token not in repr(seen)

    async def test_remembers_nothing_of_what_is_older_than_its_trail(self, house: House) -> None:
        userid = await house.linked()
        await house.noting.flush()
        assert (await house.overseeing.account(userid, before=NOON - 31 * DAY)).steps == ()

    async def test_by_a_name_that_nobody_can_have_is_none(self, house: House) -> None:
        for named in ("", "x" * 129):
            with pytest.raises(NoSuchAccount):
                await house.overseeing.account(named)

    async def test_tells_what_withings_announces(self, house: House) -> None:
        known = Subscriptions(frozenset({1}), checked_at=NOON)
        await stored(house, an_account("1", "u1", subscriptions=known))
        registrations = (await house.overseeing.account("1")).registrations
        assert {each.appli for each in registrations if each.confirmed} == {1}
        assert {each.appli for each in registrations if not each.confirmed and each.reason}

    @pytest.mark.slow
    async def test_tells_what_happened_to_it_alone(self, house: House) -> None:
        await stored(house, an_account("1", "u1"))
        house.noting.note("1", What.LEFT, user="u1")
        userid = await house.linked()
        await house.noting.flush()
        steps = (await house.overseeing.account(userid)).steps
        assert steps
        assert {step.account for step in steps} == {userid}
