"""Who is calling, and what they may do: proofs in, a caller out.

- ``caller``: scopes, and a caller that has proven who it is
- ``authentication``: which proof is checked by whom
- ``api_keys``: keys of services and operators
"""

from withings_bridge.callers.api_keys import ApiKey, ApiKeys
from withings_bridge.callers.authentication import Authentication
from withings_bridge.callers.caller import Caller, Scope

__all__ = ["ApiKey", "ApiKeys", "Authentication", "Caller", "Scope"]
