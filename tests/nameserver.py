"""A name server on loopback that holds TXT records, and falls silent when told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.asyncresolver import Resolver

Strings = tuple[str, ...]
"""Of one TXT record."""


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """What is in ``records`` is answered; a name without any has no TXT record, another does not exist."""

    records: dict[str, list[Strings]] = field(default_factory=dict)
    silent: bool = False
    broken: bool = False
    """Whether it answers that it cannot answer."""
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name
        plain = name.to_text(omit_final_dot=True)
        self.asked.append(plain)
        if self.silent:
            return
        reply = dns.message.make_response(query, recursion_available=True)
        if self.broken:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif plain not in self.records:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif texts := self.records[plain]:
            written = [" ".join(f'"{string}"' for string in strings) for strings in texts]
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *written))
        self._transport.sendto(reply.to_wire(), addr)

    def resolver(self) -> Resolver:
        """One that asks here and nowhere else, and not for long."""
        resolver = Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self.port
        resolver.timeout = 0.2
        return resolver


@asynccontextmanager
async def name_server() -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    try:
        yield server
    finally:
        transport.close()
