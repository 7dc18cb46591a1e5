"""A pretend user pool: signs tokens as Cognito does, and publishes its keys on a port of this machine."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

from withings_bridge.services.clock import Clock, system_clock

CLIENT_ID = "7example1client2id3"
OPERATORS = "bridge-operators"
OPERATOR_SCOPE = "withings-bridge/admin"

POOL = "local_1"
PATH = f"/{POOL}/.well-known/jwks.json"

Json = dict[str, Any]


@cache
def signing_key(kid: str) -> RSAKey:
    """A key pair of this name, the same throughout the process."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return RSAKey.import_key(private, {"kid": kid, "alg": "RS256", "use": "sig"})


@cache
def _key_for(kid: str, alg: str) -> RSAKey:
    """The key of this name for that algorithm. To take in a key pair takes far longer than to sign."""
    return RSAKey.import_key(signing_key(kid).as_dict(private=True) | {"alg": alg})


def published(*kids: str) -> bytes:
    """The key set with these keys, as a pool answers it."""
    return json.dumps({"keys": [signing_key(kid).as_dict(private=False) for kid in kids]}).encode()


def by_hand(header: object, claims: object, sign: Callable[[bytes], bytes] = lambda _: b"") -> str:
    """A token that no decent library would make."""
    parts = [_base64(json.dumps(part).encode()) for part in (header, claims)]
    signed = b".".join(parts)
    return b".".join((signed, _base64(sign(signed)))).decode()


def _base64(part: bytes) -> bytes:
    return urlsafe_b64encode(part).rstrip(b"=")


@dataclass
class Answer:
    """What the pool says when it is asked for its keys."""

    body: bytes
    status: str = "200 OK"
    promised: int | None = None
    """Length that is announced, where it is not the body's: the rest never comes."""


@dataclass
class PretendPool:
    """A pool and what it has signed with last. ``kid`` and ``answer`` are there to be changed."""

    issuer: str
    clock: Clock
    answer: Answer
    kid: str = "key-1"
    asked: int = 0
    """How often somebody wanted the keys."""
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is cleared, those who asked wait."""

    @property
    def keys_url(self) -> str:
        return f"{self.issuer}/.well-known/jwks.json"

    @property
    def settings(self) -> Json:
        """What a bridge must be told to accept its tokens, and to know its operators."""
        return {
            "cognito_user_pool_id": POOL,
            "cognito_issuer": self.issuer,
            "cognito_client_ids": (CLIENT_ID,),
            "cognito_operator_group": OPERATORS,
            "cognito_operator_scope": OPERATOR_SCOPE,
        }

    def publish(self, *kids: str) -> None:
        """Publish these keys alone, and sign with the last of them."""
        self.answer = Answer(published(*kids))
        self.kid = kids[-1]

    def access_token(self, sub: str, /, **changes: Any) -> str:
        """Valid for an hour from now on; a claim that is changed to None is left out."""
        own = {"token_use": "access", "client_id": CLIENT_ID, "scope": "openid", "username": sub}
        return self.signed({"sub": sub} | own | changes)

    def id_token(self, sub: str, /, **changes: Any) -> str:
        """The same for an id token."""
        return self.signed({"sub": sub, "token_use": "id", "aud": CLIENT_ID} | changes)

    def signed(self, claims: Json, *, alg: str = "RS256") -> str:
        """Any claims, beside issuer and times."""
        header = {"alg": alg, "kid": self.kid}
        return jwt.encode(header, self.claims(claims), _key_for(self.kid, alg), algorithms=[alg])

    def claims(self, changes: Json) -> Json:
        now = int(self.clock().timestamp())
        given = {"iss": self.issuer, "iat": now, "exp": now + 3600, "jti": "1"} | changes
        return {name: value for name, value in given.items() if value is not None}

    def moment(self, after: timedelta) -> int:
        """Epoch seconds of a moment so long after now."""
        return int((self.clock() + after).timestamp())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request, one answer."""
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            wanted = request.startswith(f"GET {PATH} ".encode())
            self.asked += 1
            await self.answering.wait()
            answer = self.answer if wanted else Answer(b"", "404 Not Found")
            length = len(answer.body) if answer.promised is None else answer.promised
            head = f"HTTP/1.1 {answer.status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + answer.body)
            await writer.drain()
            if answer.promised is not None:
                await reader.read()  # until the other side has had enough
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def user_pool(clock: Clock = system_clock) -> AsyncIterator[PretendPool]:
    """A pool on a port, in whose name nobody signs but this process."""
    pool = PretendPool("", clock, Answer(published("key-1")))
    pool.answering.set()
    server = await asyncio.start_server(pool.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pool.issuer = f"http://127.0.0.1:{port}/{POOL}"
    try:
        yield pool
    finally:
        pool.answering.set()
        server.close()
        await server.wait_closed()
