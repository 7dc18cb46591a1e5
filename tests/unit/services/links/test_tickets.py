"""The ticket that a browser brings where callers prove who they are: made, stored, spent."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from builders import MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.errors import StateRefused, TicketRefused, UserUnknown


def all_that_is_stored(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def a_ticket(house: House, user: str = "user-1") -> str:
    return httpx.URL(await house.linking.invite(user)).params["ticket"]


class TestInvite:
    async def test_leads_to_the_door_with_nothing_but_a_ticket(self, house: House) -> None:
        url = httpx.URL(await house.linking.invite("user-1"))
        assert str(url.copy_with(query=None)) == house.linking.door == "http://localhost:5001/login"
        assert set(url.params) == {"ticket"}
        assert "user-1" not in str(url)

    async def test_makes_each_ticket_of_256_random_bits(self, house: House) -> None:
        tickets = {await a_ticket(house) for _ in range(5)}
        assert len(tickets) == 5
        assert {len(ticket) for ticket in tickets} == {43}

    async def test_stores_no_ticket_that_could_be_used(self, house: House, tmp_path: Path) -> None:
        ticket = await a_ticket(house)
        stored = all_that_is_stored(tmp_path)
        assert b"user-1" in stored
        assert ticket.encode() not in stored

    async def test_forgives_spaces_around_the_user(self, house: House) -> None:
        assert await house.linking.redeem(await a_ticket(house, " user-1\n")) == "user-1"

    @pytest.mark.parametrize("user", ["", " ", "a#withings", "a\nb", "u" * 129])
    async def test_refuses_what_cannot_be_a_user(self, house: House, user: str) -> None:
        with pytest.raises(UserUnknown):
            await house.linking.invite(user)


class TestRedeem:
    async def test_gives_the_user_once(self, house: House) -> None:
        ticket = await a_ticket(house)
        assert await house.linking.redeem(ticket) == "user-1"
        with pytest.raises(TicketRefused):
            await house.linking.redeem(ticket)

    async def test_tells_the_users_of_two_tickets_apart(self, house: House) -> None:
        one, other = await a_ticket(house, "user-1"), await a_ticket(house, "user-2")
        assert [await house.linking.redeem(ticket) for ticket in (other, one)] == ["user-2", "user-1"]

    async def test_lets_one_of_many_in(self, house: House) -> None:
        ticket = await a_ticket(house)
        ends = await asyncio.gather(*(house.linking.redeem(ticket) for _ in range(8)), return_exceptions=True)
        assert ends.count("user-1") == 1
        assert sum(isinstance(end, TicketRefused) for end in ends) == 7

    async def test_takes_a_ticket_until_two_minutes_have_passed(self, house: House, clock: FakeClock) -> None:
        in_time, late = await a_ticket(house), await a_ticket(house)
        clock.advance(2 * MINUTE - SECOND)
        await house.linking.redeem(in_time)
        clock.advance(SECOND)
        with pytest.raises(TicketRefused):
            await house.linking.redeem(late)

    @pytest.mark.parametrize("change", [str.swapcase, lambda it: it[:-1], lambda it: f"{it} ", lambda _: ""])
    async def test_takes_no_other_text(self, house: House, change: Callable[[str], str]) -> None:
        ticket = await a_ticket(house)
        with pytest.raises(TicketRefused):
            await house.linking.redeem(change(ticket))
        assert await house.linking.redeem(ticket) == "user-1"

    async def test_takes_no_state_for_a_ticket_nor_a_ticket_for_a_state(self, house: House) -> None:
        begun = await house.linking.begin("user-1", browser=None)
        with pytest.raises(TicketRefused):
            await house.linking.redeem(httpx.URL(begun.authorize_url).params["state"])
        with pytest.raises(StateRefused):
            await house.linking.complete(
                state=await a_ticket(house), code="code", error=None, browser=begun.browser
            )
