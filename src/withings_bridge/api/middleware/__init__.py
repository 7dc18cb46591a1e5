"""What holds for every request, whichever endpoint it is for.

- ``requests``: an id for each, and one line in the log
- ``headers``: what a browser must not do with a reply
- ``hosts``: by which names an open bridge is served
- ``origins``: whose pages may call
- ``bodies``: how large a body may be, and of which kind
- ``paths``: one for each endpoint
- ``acknowledgements``: how long Withings waits for an answer
- ``refusing``: the answer to what is not taken
- ``header``: one of a request, quickly
"""

from withings_bridge.api.middleware.acknowledgements import Acknowledgements
from withings_bridge.api.middleware.bodies import Bodies
from withings_bridge.api.middleware.headers import SafeHeaders, safe_headers
from withings_bridge.api.middleware.hosts import LoopbackOnly
from withings_bridge.api.middleware.origins import Origins
from withings_bridge.api.middleware.paths import PlainPaths
from withings_bridge.api.middleware.refusing import Refused
from withings_bridge.api.middleware.requests import REQUEST_ID, Requests, request_id, traced

__all__ = [
    "REQUEST_ID",
    "Acknowledgements",
    "Bodies",
    "LoopbackOnly",
    "Origins",
    "PlainPaths",
    "Refused",
    "Requests",
    "SafeHeaders",
    "request_id",
    "safe_headers",
    "traced",
]
