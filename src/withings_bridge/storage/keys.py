"""Fernet keys of TOKEN_ENCRYPTION_KEYS: the first encrypts, all decrypt."""

from collections.abc import Sequence
from contextlib import suppress

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from withings_bridge.storage.encryption import NotOurs


class Keys:
    """At least one key."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises ValueError for a key that is no Fernet key."""
        fernets = [Fernet(key) for key in keys]
        self._first = fernets[0]
        self._all = MultiFernet(fernets)

    def seal(self, token: str) -> str:
        """As Fernet text under the first key."""
        return self._first.encrypt(token.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed under any of the keys. Raises NotOurs."""
        try:
            return self._all.decrypt(sealed).decode()
        except InvalidToken:
            raise NotOurs from None

    def renew(self, sealed: str) -> str:
        """The same under the first key; as it is, where that sealed it. Raises NotOurs."""
        with suppress(InvalidToken):
            self._first.decrypt(sealed)
            return sealed
        try:
            return self._all.rotate(sealed).decode()
        except InvalidToken:
            raise NotOurs from None
