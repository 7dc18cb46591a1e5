"""End a link: what is said to Withings, what goes here, and what others keep."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from builders import HOUR, MINUTE, SECOND
from contract.storage.steps import with_one_more
from fakes import FakeClock
from unit.services.house import Asked, House, a_house
from unit.services.listener import Listener, listening
from withings_bridge.domain.errors import StorageUnavailable, UserUnknown
from withings_bridge.domain.records import Kind

Opening = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
async def webhook() -> AsyncIterator[Listener]:
    async with listening() as webhook:
        yield webhook


@pytest.fixture
def opening(tmp_path: Path, clock: FakeClock, webhook: Listener) -> Opening:
    """A house with a webhook and changes of the test's own."""

    def opening(**changes: Any) -> AbstractAsyncContextManager[House]:
        return a_house(tmp_path, clock, callback_url=f"{webhook.url}/hook?secret=new", **changes)

    return opening


@pytest.fixture
async def house(opening: Opening) -> AsyncIterator[House]:
    async with opening() as house:
        yield house


async def settled(house: House, user: str = "user-1", *, kg: float = 70) -> str:
    """A user whose account is linked, subscribed, and has one weighing."""

    async def settling() -> str:
        userid = await house.linked(user)
        for _ in range(8):
            house.clock.advance(5 * SECOND)
            await house.drain(userid)
        await house.notified(userid, await house.weigh(userid, kg))
        assert len(await house.values("weight", user)) == 1
        house.clock.advance(MINUTE)
        return userid

    return await house.after(("settled", user, kg), settling)


async def said(house: House) -> list[str]:
    """What Withings was asked, in words; the two kinds of revocation apart."""

    def word(call: Asked) -> str:
        if call.action == "revoke":
            return f"unsubscribe {call.parameters['appli']}" if "appli" in call.parameters else "revoke"
        return call.action

    return [word(call) for call in await house.calls()]


class TestDisconnect:
    async def test_says_it_to_withings_first_and_then_takes_tokens_and_account(self, house: House) -> None:
        userid = await settled(house)
        done = await house.leaving.disconnect("user-1")
        assert await said(house) == [
            "list",
            *(f"unsubscribe {appli}" for appli in (1, 4, 16, 44, 46)),
            "getnonce",
            "revoke",
        ]
        person = await house.person(userid)
        assert (person["linked"], person["subscriptions"]) == (False, 0)
        assert await house.storage.links.get("user-1") is None
        assert await house.storage.accounts.get(userid) is None
        assert (done.linked, done.confirmed, done.shared, done.purged) == (True, True, False, False)
        assert done.message == "Withings is disconnected."

    async def test_keeps_what_was_brought(self, house: House) -> None:
        userid = await settled(house)
        await house.leaving.disconnect("user-1")
        assert await house.values("weight") == ["154.32"]
        assert await house.records(userid)

    async def test_with_purge_takes_records_and_rows_too(self, house: House) -> None:
        userid = await settled(house)
        done = await house.leaving.disconnect("user-1", purge=True)
        assert await house.rows() == {}
        for kind in Kind:
            assert await house.records(userid, kind) == []
        assert await house.storage.records.changes(userid, after=0, limit=1) == []
        assert done.message == "Withings is disconnected. What it had brought is deleted."

    async def test_leaves_the_callbacks_of_others_alone(self, house: House) -> None:
        userid = await settled(house)
        token = (await house.link_of()).pair.access_token
        theirs = house.callback_url.replace("/hook", "/another")
        older = house.callback_url.replace("new", "old")
        for url in (theirs, older):
            await house.client.subscribe(token, url, 1)
        await house.forget_calls()
        house.weather.refuses("getnonce", 2554)
        done = await house.leaving.disconnect("user-1")
        assert (await said(house)).count("unsubscribe 1") == 2
        assert (await house.person(userid))["subscriptions"] == 1
        assert not done.confirmed

    @pytest.mark.slow
    async def test_refreshes_an_expired_pair_for_it(self, house: House, clock: FakeClock) -> None:
        userid = await settled(house)
        clock.advance(12 * HOUR)
        await house.leaving.disconnect("user-1")
        assert (await said(house))[:3] == ["requesttoken", "list", "unsubscribe 1"]
        assert (await house.person(userid))["subscriptions"] == 0

    async def test_of_a_link_that_withings_no_longer_honours_ends_it_here(self, house: House) -> None:
        userid = await settled(house)
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await house.leaving.disconnect("user-1")
        assert await house.storage.links.get("user-1") is None
        assert await house.storage.accounts.get(userid) is None

    @pytest.mark.parametrize("action", ["list", "revoke", "getnonce"])
    async def test_ends_the_link_here_whatever_withings_answers(self, house: House, action: str) -> None:
        userid = await settled(house)
        house.weather.breaks(action, times=20)
        done = await house.leaving.disconnect("user-1")
        assert await house.storage.links.get("user-1") is None
        assert await house.storage.accounts.get(userid) is None
        assert done.confirmed == (action == "list")
        assert done.confirmed or "remove the app in the Withings app too" in done.message

    @pytest.mark.slow
    @pytest.mark.parametrize("action", ["list", "getnonce"])
    async def test_does_not_wait_for_withings_longer_than_it_says(
        self, opening: Opening, action: str
    ) -> None:
        async with opening(patience=SECOND / 5) as house:
            userid = await settled(house)
            async with house.weather.holding(action), asyncio.timeout(10):
                await house.leaving.disconnect("user-1")
            assert await house.storage.accounts.get(userid) is None

    @pytest.mark.slow
    async def test_spaces_what_it_revokes_and_still_ends_the_grant_when_that_takes_too_long(
        self, opening: Opening
    ) -> None:
        async with opening(spacing=HOUR, patience=SECOND / 2) as house:
            userid = await settled(house)
            await house.leaving.disconnect("user-1")
            assert await said(house) == ["list", "unsubscribe 1", "getnonce", "revoke"]
            assert (await house.person(userid))["subscriptions"] == 0

    async def test_goes_on_where_one_subscription_is_gone_already_or_fails(self, house: House) -> None:
        userid = await settled(house)
        house.weather.refuses("revoke", 294)
        house.weather.breaks("revoke")
        house.weather.refuses("getnonce", 2554)
        await house.leaving.disconnect("user-1")
        assert (await house.person(userid))["subscriptions"] == 2

    async def test_without_a_webhook_ends_the_grant_alone(self, tmp_path: Path, clock: FakeClock) -> None:
        async with a_house(tmp_path, clock) as house:
            await house.linked()
            await house.leaving.disconnect("user-1")
            assert await said(house) == ["getnonce", "revoke"]

    @pytest.mark.slow
    async def test_where_the_key_to_the_tokens_is_lost_ends_the_grant_alone(self, opening: Opening) -> None:
        async with opening(encryption_keys=[Fernet.generate_key().decode()]) as house:
            userid = await settled(house)
        async with opening(encryption_keys=[Fernet.generate_key().decode()]) as house:
            done = await house.leaving.disconnect("user-1", purge=True)
            assert done.linked
            assert await house.storage.links.get("user-1") is None
            assert await house.storage.accounts.get(userid) is None
            assert await house.records(userid) == []


class TestNobody:
    async def test_is_disconnected_without_a_word_to_withings(self, house: House) -> None:
        done = await house.leaving.disconnect("user-1")
        assert await said(house) == []
        assert (done.linked, done.message) == (False, "No Withings account was linked.")

    async def test_who_purges_once_more_loses_the_rows_that_were_kept(self, house: House) -> None:
        await settled(house)
        await house.leaving.disconnect("user-1")
        assert await house.rows()
        await house.leaving.disconnect("user-1", purge=True)
        assert await house.rows() == {}

    @pytest.mark.parametrize("name", ["", "user-1#withings", "user-1#fitbit", "a\nb", "x" * 129])
    async def test_whose_id_cannot_be_one_is_refused(self, house: House, name: str) -> None:
        userid = await settled(house)
        with pytest.raises(UserUnknown):
            await house.leaving.disconnect(name, purge=True)
        assert (await house.link_of()).account == userid


class TestSharedAccount:
    @pytest.fixture
    async def userid(self, house: House) -> str:
        """The account of two users, both with rows."""
        userid = await settled(house, "user-1")
        await house.link("user-2")
        await house.drain(userid)
        assert await house.values("weight", "user-2") == ["154.32"]
        house.clock.advance(MINUTE)
        await house.forget_calls()
        return userid

    @pytest.mark.slow
    @pytest.mark.parametrize("purge", [False, True])
    async def test_is_left_without_a_word_to_withings(
        self, house: House, userid: str, *, purge: bool
    ) -> None:
        done = await house.leaving.disconnect("user-1", purge=purge)
        assert await said(house) == []
        assert (done.linked, done.shared) == (True, True)
        assert "Others stay linked" in done.message
        assert "did not confirm" not in done.message
        assert await house.storage.links.get("user-1") is None
        account = await house.account(userid)
        assert account.users == {"user-2"}
        assert account.lease is None

    @pytest.mark.slow
    async def test_loses_the_rows_of_who_left_with_purge_and_nothing_else(
        self, house: House, userid: str
    ) -> None:
        before, records = await house.rows("user-2"), await house.records(userid)
        await house.leaving.disconnect("user-1", purge=True)
        assert await house.rows("user-1") == {}
        assert await house.rows("user-2") == before
        assert await house.records(userid) == records

    @pytest.mark.slow
    async def test_goes_on_for_who_stays(self, house: House, userid: str, clock: FakeClock) -> None:
        await house.leaving.disconnect("user-1", purge=True)
        clock.advance(12 * HOUR)
        await house.notified(userid, await house.weigh(userid, 71))
        assert await house.values("weight", "user-2") == ["154.32", "156.53"]
        assert await house.rows("user-1") == {}
        assert [word for word in await said(house) if word != "getmeas"] == ["requesttoken"]

    @pytest.mark.slow
    async def test_is_ended_by_who_leaves_last(self, house: House, userid: str) -> None:
        await house.leaving.disconnect("user-1")
        done = await house.leaving.disconnect("user-2", purge=True)
        assert done.confirmed
        assert not (await house.person(userid))["linked"]
        assert await house.storage.accounts.get(userid) is None
        assert await house.records(userid) == []
        assert await house.values("weight", "user-1") == ["154.32"]

    @pytest.mark.parametrize("alone", [False, True])
    async def test_keeps_its_records_for_who_joined_in_spite_of_all(
        self, house: House, *, alone: bool
    ) -> None:
        """As it may be where a process slept through the end of its lock."""
        userid = await settled(house)
        pair = (await house.link_of()).pair
        newer = replace(pair, saved_at=pair.saved_at + SECOND)
        async with house.weather.holding("getnonce") as arrived:
            leaving = asyncio.create_task(house.leaving.disconnect("user-1", purge=True))
            await arrived.wait()
            await house.storage.links.join("user-2", userid, newer, with_one_more(userid, "user-2"))
            if alone:
                await house.storage.links.leave("user-1", userid)
        await leaving
        assert (await house.account(userid)).users == {"user-2"}
        assert await house.records(userid)

    @pytest.mark.slow
    async def test_is_ended_once_when_both_leave_at_the_same_time(self, house: House, userid: str) -> None:
        first, second = await asyncio.gather(
            house.leaving.disconnect("user-1"), house.leaving.disconnect("user-2")
        )
        assert sorted([first.shared, second.shared]) == [False, True]
        assert await house.storage.accounts.get(userid) is None
        assert (await said(house)).count("revoke") == 1


class TestCutOff:
    """Whatever was done when a call was cut off, the next one completes it."""

    async def gone(self, house: House, userid: str) -> None:
        await house.leaving.disconnect("user-1", purge=True)
        assert await house.storage.links.get("user-1") is None
        assert await house.storage.accounts.get(userid) is None
        assert await house.records(userid) == []
        assert await house.rows() == {}
        assert not (await house.person(userid))["linked"]

    @pytest.mark.parametrize("action", ["list", "revoke", "getnonce"])
    async def test_while_withings_was_asked(self, house: House, action: str) -> None:
        userid = await settled(house)
        async with house.weather.holding(action) as arrived:
            leaving = asyncio.create_task(house.leaving.disconnect("user-1", purge=True))
            await arrived.wait()
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
        assert (await house.account(userid)).lease is None
        await self.gone(house, userid)

    async def test_before_the_link_was_ended_here(self, house: House) -> None:
        userid = await settled(house)
        house.links.failures = 1
        with pytest.raises(StorageUnavailable):
            await house.leaving.disconnect("user-1", purge=True)
        assert (await house.link_of()).account == userid
        assert (await house.account(userid)).lease is None
        await self.gone(house, userid)

    @pytest.mark.slow
    async def test_before_the_link_was_ended_here_imports_anew_for_who_links_again_instead(
        self, house: House
    ) -> None:
        userid = await settled(house)
        before = await house.records(userid)
        house.links.failures = 1
        with pytest.raises(StorageUnavailable):
            await house.leaving.disconnect("user-1", purge=True)
        assert await house.records(userid) == []
        house.clock.advance(HOUR)
        await house.link()
        await house.drain(userid)
        assert await house.records(userid) == before != []

    async def test_before_the_rows_were_purged(self, house: House) -> None:
        userid = await settled(house)
        house.vitals.failures = 1
        with pytest.raises(StorageUnavailable):
            await house.leaving.disconnect("user-1", purge=True)
        assert await house.storage.links.get("user-1") is None
        await self.gone(house, userid)
