"""What holds for every request, whichever endpoint it is for.

- ``requests``: an id for each, and one line in the log
- ``headers``: what a browser must not do with a reply
- ``hosts``: by which names an open bridge is served
"""

from withings_bridge.api.middleware.headers import SAFE, SafeHeaders
from withings_bridge.api.middleware.hosts import LoopbackOnly
from withings_bridge.api.middleware.requests import REQUEST_ID, Requests, request_id

__all__ = ["REQUEST_ID", "SAFE", "LoopbackOnly", "Requests", "SafeHeaders", "request_id"]
