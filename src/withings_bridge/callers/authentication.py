"""Tells callers apart by what they bring along."""

from withings_bridge.callers.api_keys import ApiKeys
from withings_bridge.callers.caller import ANYBODY, Caller
from withings_bridge.domain.errors import NotAuthenticated


class Authentication:
    """Who a caller is. With nothing configured the bridge is open, and nobody is asked."""

    def __init__(self, *, keys: ApiKeys) -> None:
        self._keys = keys

    @property
    def open(self) -> bool:
        """Whether everybody may do everything."""
        return not self._keys

    async def caller(self, *, api_key: str | None) -> Caller:
        """Who brings these proofs. Raises NotAuthenticated for none, and for one that is not accepted."""
        if self.open:
            return ANYBODY
        if api_key is None:
            raise NotAuthenticated
        entry = self._keys.entry_of(api_key)
        if entry is None:
            raise NotAuthenticated("This API key is not accepted; it may have been withdrawn.")
        return entry.holder
