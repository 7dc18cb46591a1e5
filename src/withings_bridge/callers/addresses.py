"""The addresses from which Withings calls, as it publishes them in DNS.

Withings announces a change at least a week ahead and does not say how the records are written, so they are
read generously: addresses and networks by blanks or commas, bare or as SPF has them.
"""

import asyncio
import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import structlog
from dns.asyncresolver import Resolver, get_default_resolver
from dns.exception import DNSException
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import NXDOMAIN, NoAnswer

log = structlog.get_logger()

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

EVERY = timedelta(hours=1)
AGAIN = timedelta(minutes=1)
"""How soon it is tried again where a record could not be read."""

PATIENCE = timedelta(seconds=5)
"""How long DNS may take to answer."""

FULL_STRING = 255
"""What one string of a TXT record can hold: a longer text is cut there, and goes on in the next string."""


class WithingsAddresses:
    """Keeps what the records last said, and says whether an address is among it.

    What was read once stands until something better is read: not while DNS is silent, nor for an answer
    that is empty or makes no sense, is anybody shut out who was let in before.
    """

    def __init__(
        self,
        records: Iterable[str],
        *,
        fail_open: bool,
        resolver: Callable[[], Resolver] = get_default_resolver,
        every: timedelta = EVERY,
        again: timedelta = AGAIN,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._records = tuple(records)
        self._fail_open = fail_open
        self._resolver = resolver
        self._every = every
        self._again = again
        self._patience = patience.total_seconds()
        self._known: dict[str, frozenset[Network]] = {}

    def allow(self, address: str) -> bool:
        """Whether a call from there is to be taken: it is Withings' address, or, where ``fail_open``, the
        list is not whole. A record that does not exist is none; a list without any address is not whole.
        """
        whole = self._known.keys() >= set(self._records) and any(self._known.values())
        return self._lists(address) or (self._fail_open and not whole)

    async def run(self, stop: asyncio.Event) -> None:
        """Read the records again and again until told to stop; what is being read then is given up."""
        reading = asyncio.create_task(self._read_on())
        await stop.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    async def _read_on(self) -> None:
        while True:
            read = await self.refresh()
            await asyncio.sleep((self._every if read else self._again).total_seconds())

    async def refresh(self) -> bool:
        """Read the records; whether all of them could be read."""
        return all(await asyncio.gather(*map(self._read, self._records)))

    def _lists(self, address: str) -> bool:
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        known = getattr(known, "ipv4_mapped", None) or known
        return any(known in network for networks in self._known.values() for network in networks)

    async def _read(self, record: str) -> bool:
        try:
            answer = await self._resolver().resolve(record, "TXT", lifetime=self._patience, search=False)
        except (NXDOMAIN, NoAnswer):
            if not self._known.setdefault(record, frozenset()):
                log.warning("Withings publishes no addresses there", record=record)
            return True
        except (DNSException, OSError) as error:
            log.warning("Withings' addresses could not be read", record=record, reason=type(error).__name__)
            return False
        networks = networks_in(text.strings for text in answer if isinstance(text, TXT))
        if not networks:
            log.warning("Withings' addresses make no sense", record=record)
            return False
        if networks != self._known.get(record):
            log.info("Withings' addresses read", record=record, networks=len(networks))
        self._known[record] = networks
        return True


def networks_in(texts: Iterable[Sequence[bytes]]) -> frozenset[Network]:
    """The addresses and networks in TXT records, each given as its strings; what else is there is skipped."""
    networks = (_network(word) for text in texts for word in re.split(r"[\s,;\"]+", _whole(text)))
    return frozenset(network for network in networks if network is not None)


def _whole(strings: Sequence[bytes]) -> str:
    return "".join(
        string.decode("latin-1") + ("" if len(string) == FULL_STRING else " ") for string in strings
    )


def _network(word: str) -> Network | None:
    bare = re.sub(r"^\+?ip[46]:", "", word, flags=re.IGNORECASE)
    try:
        return ipaddress.ip_network(bare, strict=False)
    except ValueError:
        return None
