"""Who is calling, and what they may do: proofs in, a caller out.

- ``caller``: scopes, and a caller that has proven who it is
- ``authentication``: which proof is checked by whom
- ``api_keys``: keys of services and operators
- ``sessions``: an operator's browser, which has traded a key for a cookie
- ``cognito``: tokens of users and operators
- ``jwks``: the public keys that these are checked with
- ``limits``: how many calls a caller may make
- ``addresses``: from where Withings calls; imported where it is used, for it needs a DNS client
"""

from withings_bridge.callers.api_keys import ApiKey, ApiKeys
from withings_bridge.callers.authentication import Authentication
from withings_bridge.callers.caller import Caller, Scope
from withings_bridge.callers.cognito import CognitoTokens, UserPool
from withings_bridge.callers.jwks import Jwks
from withings_bridge.callers.limits import CallLimit
from withings_bridge.callers.sessions import Sessions

__all__ = [
    "ApiKey",
    "ApiKeys",
    "Authentication",
    "CallLimit",
    "Caller",
    "CognitoTokens",
    "Jwks",
    "Scope",
    "Sessions",
    "UserPool",
]
