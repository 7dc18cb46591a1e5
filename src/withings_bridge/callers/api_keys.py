"""API keys of services and operators.

The bridge knows only their SHA-256, which is enough to tell a key and no help in guessing one: keys are
random and long, unlike passwords.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from withings_bridge.callers.caller import Caller, Scope

PREFIX = "wb_"
"""How every key begins, so that scanners for leaked secrets know it."""

KEY_BYTES = 32

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.IGNORECASE)
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An entry of API_KEYS: whose key, how far it reaches, and the key's SHA-256."""

    name: str
    scope: Scope
    digest: str

    @classmethod
    def parse(cls, entry: str) -> "ApiKey":
        """``name:scope:sha256``. Raises ValueError, in words that repeat nothing of the entry."""
        name, _, rest = entry.partition(":")
        scope, _, digest = rest.partition(":")
        if not _NAME.fullmatch(name) or scope not in {scope.word for scope in Scope}:
            raise ValueError("must be entries name:scope:sha256, each with a scope of read, sync or admin")
        if not _DIGEST.fullmatch(digest):
            raise ValueError("must hold the SHA-256 of each key in 64 hex digits, not the key itself")
        return cls(name, Scope[scope.upper()], digest)

    @classmethod
    def made(cls, name: str, scope: Scope) -> tuple[str, "ApiKey"]:
        """A new key, which is told once, and its entry. Raises ValueError for what cannot be a name."""
        key = PREFIX + secrets.token_urlsafe(KEY_BYTES)
        return key, cls.parse(f"{name}:{scope.word}:{_digest(key)}")

    @property
    def holder(self) -> Caller:
        """Whoever calls with it."""
        return Caller(f"key:{self.name}", self.scope)

    def __str__(self) -> str:
        return f"{self.name}:{self.scope.word}:{self.digest}"


class ApiKeys:
    """The keys that are accepted."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._keys = tuple(keys)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def entry_of(self, key: str) -> ApiKey | None:
        """The entry of a key; None for one that is not accepted. The time it takes tells nothing."""
        return self.known(_digest(key))

    def known(self, digest: str) -> ApiKey | None:
        """The entry with this digest."""
        found = [entry for entry in self._keys if hmac.compare_digest(entry.digest, digest)]
        return found[0] if found else None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
