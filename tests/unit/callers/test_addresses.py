"""From where Withings calls: what its records say, whatever DNS does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network

import pytest

from nameserver import NameServer, name_server
from processes import PATIENCE_SECONDS
from withings_bridge.callers.addresses import WithingsAddresses, networks_in

NOTIFY, FRONT = "ipblock-notify.example.org", "ipblock-front.example.org"


@pytest.fixture
async def dns() -> AsyncIterator[NameServer]:
    async with name_server() as server:
        server.records = {NOTIFY: [("192.0.2.0/28",)], FRONT: [("198.51.100.7",)]}
        yield server


def reading(
    dns: NameServer, *, fail_open: bool = False, every: float = 3600, patience: float = 0.1
) -> WithingsAddresses:
    """What reads both records at that server."""
    return WithingsAddresses(
        [NOTIFY, FRONT],
        fail_open=fail_open,
        resolver=dns.resolver,
        every=timedelta(seconds=every),
        again=timedelta(seconds=every),
        patience=timedelta(seconds=patience),
    )


class TestNetworksIn:
    @pytest.mark.parametrize(
        ("strings", "found"),
        [
            (["192.0.2.7"], ["192.0.2.7/32"]),
            (["192.0.2.0/24 198.51.100.0/24"], ["192.0.2.0/24", "198.51.100.0/24"]),
            (["192.0.2.0/24,198.51.100.7;203.0.113.9"], ["192.0.2.0/24", "198.51.100.7", "203.0.113.9"]),
            (["192.0.2.0/24", "198.51.100.0/24"], ["192.0.2.0/24", "198.51.100.0/24"]),
            (["v=spf1 ip4:192.0.2.0/24 +ip6:2001:db8::/32 -all"], ["192.0.2.0/24", "2001:db8::/32"]),
            (["IP4:192.0.2.7"], ["192.0.2.7"]),
            (["2001:db8::1"], ["2001:db8::1"]),
            (["192.0.2.9/24"], ["192.0.2.0/24"]),
            (["v=spf1 -ip4:192.0.2.0/24 include:example.org ~all"], []),
            (["1", "12345", "300.1.2.3", "192.0.2.0/33", "hello", "/24"], []),
            ([], []),
            ([""], []),
        ],
        ids=str,
    )
    def test_reads_every_way_to_write_them(self, strings: list[str], found: list[str]) -> None:
        texts = [[string.encode() for string in strings]]
        assert networks_in(texts) == {ip_network(network) for network in found}

    def test_puts_together_what_was_cut_for_its_length(self) -> None:
        text = " ".join(f"10.{number}.0.0/16" for number in range(60))
        assert " " not in text[254:256]
        cut = [text[at : at + 255].encode() for at in range(0, len(text), 255)]
        assert networks_in([cut]) == {ip_network(f"10.{number}.0.0/16") for number in range(60)}

    def test_reads_bytes_of_any_kind(self) -> None:
        assert networks_in([[b"\xff\x00 192.0.2.7"]]) == {ip_network("192.0.2.7")}


class TestAllow:
    @pytest.mark.parametrize(
        ("address", "allowed"),
        [
            ("192.0.2.1", True),
            ("192.0.2.15", True),
            ("::ffff:192.0.2.15", True),
            ("198.51.100.7", True),
            ("192.0.2.16", False),
            ("198.51.100.8", False),
            ("127.0.0.1", False),
            ("2001:db8::1", False),
            ("", False),
            ("unknown", False),
            ("192.0.2.1, 10.0.0.1", False),
        ],
    )
    @pytest.mark.parametrize("fail_open", [True, False])
    async def test_is_for_what_the_records_list(
        self, dns: NameServer, address: str, *, allowed: bool, fail_open: bool
    ) -> None:
        withings = reading(dns, fail_open=fail_open)
        assert await withings.refresh()
        assert withings.allow(address) is allowed

    @pytest.mark.parametrize("fail_open", [True, False])
    async def test_before_anything_was_read_is_as_told(self, dns: NameServer, *, fail_open: bool) -> None:
        assert reading(dns, fail_open=fail_open).allow("192.0.2.1") is fail_open

    @pytest.mark.parametrize("fail_open", [True, False])
    @pytest.mark.parametrize("trouble", ["silent", "broken", "gone", "empty", "nonsense"])
    async def test_while_no_address_could_be_had_is_as_told(
        self, dns: NameServer, trouble: str, *, fail_open: bool
    ) -> None:
        befall(dns, trouble, NOTIFY, FRONT)
        withings = reading(dns, fail_open=fail_open)
        await withings.refresh()
        assert withings.allow("203.0.113.9") is fail_open

    @pytest.mark.parametrize("fail_open", [True, False])
    async def test_while_half_of_them_is_known_is_for_those_and_else_as_told(
        self, dns: NameServer, *, fail_open: bool
    ) -> None:
        befall(dns, "nonsense", FRONT)
        withings = reading(dns, fail_open=fail_open)
        assert not await withings.refresh()
        assert withings.allow("192.0.2.1")
        assert withings.allow("198.51.100.7") is fail_open

    @pytest.mark.parametrize("trouble", ["gone", "empty"])
    async def test_counts_a_record_that_does_not_exist_as_none(self, dns: NameServer, trouble: str) -> None:
        befall(dns, trouble, FRONT)
        withings = reading(dns, fail_open=True)
        assert await withings.refresh()
        assert withings.allow("192.0.2.1")
        assert not withings.allow("198.51.100.7")


class TestRefresh:
    async def test_takes_up_a_change(self, dns: NameServer) -> None:
        withings = reading(dns)
        await withings.refresh()
        dns.records[NOTIFY] = [("203.0.113.0/24",), ("192.0.2.4",)]
        await withings.refresh()
        assert withings.allow("203.0.113.9")
        assert withings.allow("192.0.2.4")
        assert not withings.allow("192.0.2.1")
        assert withings.allow("198.51.100.7")

    @pytest.mark.parametrize("trouble", ["silent", "broken", "gone", "empty", "nonsense"])
    @pytest.mark.parametrize("fail_open", [True, False])
    async def test_keeps_what_was_good_through_any_trouble(
        self, dns: NameServer, trouble: str, *, fail_open: bool
    ) -> None:
        withings = reading(dns, fail_open=fail_open)
        await withings.refresh()
        befall(dns, trouble, NOTIFY, FRONT)
        await withings.refresh()
        assert withings.allow("192.0.2.1")
        assert not withings.allow("203.0.113.9")

    async def test_is_repeated_until_told_to_stop(self, dns: NameServer) -> None:
        withings, stop = reading(dns, every=0.01), asyncio.Event()
        running = asyncio.create_task(withings.run(stop))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not withings.allow("192.0.2.1"):  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.01)
            dns.records[NOTIFY] = [("203.0.113.0/24",)]
            while not withings.allow("203.0.113.9"):  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.01)
            stop.set()
            await running

    async def test_ends_at_once_while_dns_is_silent(self, dns: NameServer) -> None:
        dns.silent = True
        stop = asyncio.Event()
        running = asyncio.create_task(reading(dns, patience=3600).run(stop))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not dns.asked:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.01)
            stop.set()
            await running


def befall(dns: NameServer, trouble: str, *names: str) -> None:
    dns.silent = trouble == "silent"
    dns.broken = trouble == "broken"
    for name in names:
        if trouble == "gone":
            dns.records.pop(name)
        elif trouble in {"empty", "nonsense"}:
            dns.records[name] = [] if trouble == "empty" else [("v=spf1 include:example.org -all",)]
