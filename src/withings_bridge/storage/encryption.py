"""Tokens at rest, encrypted: a coat around the links of any backend.

With keys configured, what is written is Fernet text under the first key; every key decrypts, so keys
rotate; plain tokens of the predecessor are read as they are and encrypted by the next write. Without
keys tokens are written plain, as the predecessor can read them; encrypted ones are then refused rather
than sent to Withings, which would take them for a dead link.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.errors import StorageError
from withings_bridge.domain.links import Link, RowName, TokenPair, TokenRow
from withings_bridge.storage.base import JoinChange, RowsPage, StoredLinks

if TYPE_CHECKING:
    from withings_bridge.storage.keys import Keys

FERNET_PREFIX = "gAAAA"
"""How every Fernet text begins: its version byte and the years until 2106."""


class TokensUnreadable(StorageError):
    """The stored tokens were encrypted with a key that TOKEN_ENCRYPTION_KEYS no longer holds."""

    def __init__(self, message: str | None = None, *, account: str = "") -> None:
        super().__init__(message)
        self.account = account
        """Withings userid: that is not encrypted."""


class NotOurs(Exception):
    """None of our keys sealed it."""


class Renewal(StrEnum):
    """What became of a row whose tokens were to be encrypted anew."""

    REWRITTEN = "rewritten"
    CURRENT = "current"
    """Nothing was to be done: its tokens are under the first key, or it holds none."""
    UNREADABLE = "unreadable"
    """Its tokens were encrypted with a key that we no longer have; they stay as they are."""


class EncryptedLinks:
    """Links whose tokens are encrypted in the store."""

    def __init__(self, inner: StoredLinks, keys: Sequence[str]) -> None:
        """Raises ValueError for a key that is no Fernet key."""
        self._inner = inner
        self._keys = _keys(keys) if keys else None

    async def get(self, user: str) -> Link | None:
        """See ``Links``."""
        link = await self._inner.get(user)
        return replace(link, pair=self._opened(link)) if link else None

    async def rows(self, user: str) -> list[TokenRow]:
        """See ``Links``; pairs whose key is gone are marked, so that the others can still be used."""
        return [self._opened_row(row) for row in await self._inner.rows(user)]

    async def page(self, *, after: str | None, limit: int) -> RowsPage:
        """See ``Links``."""
        return await self._inner.page(after=after, limit=limit)

    async def adopt(self, link: Link, change: JoinChange, *, now: datetime) -> Account:
        """See ``Links``."""
        return await self._inner.adopt(link, change, now=now)

    async def join(self, user: str, userid: str, pair: TokenPair, change: JoinChange) -> Account:
        """See ``Links``."""
        return await self._inner.join(user, userid, self._sealed(pair), change)

    async def replace_pair(self, userid: str, pair: TokenPair, *, replacing: TokenPair) -> None:
        """See ``Links``."""
        await self._inner.replace_pair(userid, self._sealed(pair), replacing=replacing)

    async def leave(self, user: str, userid: str | None) -> Account | None:
        """See ``Links``."""
        return await self._inner.leave(user, userid)

    async def end(self, userid: str, only_if: Callable[[Account], bool]) -> bool:
        """See ``Links``."""
        return await self._inner.end(userid, only_if)

    async def pushed(self, user: str, *, at: datetime) -> None:
        """See ``Links``."""
        await self._inner.pushed(user, at=at)

    async def renew(self, name: RowName) -> Renewal:
        """Encrypt the tokens of a row under the first key, where they are not. Raises ValueError without
        keys.
        """
        try:
            rewritten = await self._inner.respell(name, self._renewed)
        except NotOurs:
            return Renewal.UNREADABLE
        return Renewal.REWRITTEN if rewritten else Renewal.CURRENT

    def _renewed(self, token: str) -> str:
        if self._keys is None:
            raise ValueError("There is no key to encrypt with.")
        sealed = token.startswith(FERNET_PREFIX)
        return self._keys.renew(token) if sealed else self._keys.seal(token)

    def _sealed(self, pair: TokenPair) -> TokenPair:
        if self._keys is None:
            return pair
        return replace(
            pair,
            access_token=self._keys.seal(pair.access_token),
            refresh_token=self._keys.seal(pair.refresh_token),
        )

    def _opened_row(self, row: TokenRow) -> TokenRow:
        if row.link is None:
            return row
        try:
            return replace(row, link=replace(row.link, pair=self._opened(row.link)))
        except TokensUnreadable:
            return replace(row, link=None, unreadable=True)

    def _opened(self, link: Link) -> TokenPair:
        try:
            return replace(
                link.pair,
                access_token=self._open(link.pair.access_token),
                refresh_token=self._open(link.pair.refresh_token),
            )
        except NotOurs:
            raise TokensUnreadable(account=link.account) from None

    def _open(self, token: str) -> str:
        if not token.startswith(FERNET_PREFIX):
            return token
        if self._keys is None:
            raise NotOurs
        return self._keys.open(token)


def _keys(keys: Sequence[str]) -> "Keys":
    # Here, since their library takes a while to import, which bridges without keys are spared.
    from withings_bridge.storage.keys import Keys

    return Keys(keys)
