"""Who is calling, and what they may do: proofs in, a caller out.

- ``caller``: scopes, and a caller that has proven who it is
- ``authentication``: which proof is checked by whom
- ``api_keys``: keys of services and operators
- ``sessions``: an operator's browser, which has traded a key for a cookie
- ``user_pool``: whose tokens are believed
- ``limits``: how many calls a caller may make

Imported where they are used, for not every bridge needs their libraries:

- ``cognito``: tokens of users and operators
- ``jwks``: the public keys that these are checked with
- ``addresses``: from where Withings calls
"""

from withings_bridge.callers.api_keys import ApiKey, ApiKeys
from withings_bridge.callers.authentication import Authentication
from withings_bridge.callers.caller import Caller, Scope
from withings_bridge.callers.limits import CallLimit
from withings_bridge.callers.sessions import Sessions
from withings_bridge.callers.user_pool import UserPool

__all__ = [
    "ApiKey",
    "ApiKeys",
    "Authentication",
    "CallLimit",
    "Caller",
    "Scope",
    "Sessions",
    "UserPool",
]
