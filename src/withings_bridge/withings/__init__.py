"""An async client of the Withings cloud that could be a package of its own.

- ``client``: the data and notify services, one method each
- ``oauth``: authorize URL, code exchange, refresh, revoke, signed calls
- ``windows``: which data is meant: ``Between``, ``Days``, ``Since``
- ``answers``: rows as Withings sent them, typed on demand, gathered over pages
- ``models``: the replies, open to unknown keys and codes
- ``sending``: one call through httpx, with a pace and explicit timeouts
- ``protocol``: forms, signature, and envelopes read into bodies or errors; no I/O
- ``statuses``: what each status means and which error it becomes

The errors are those under ``WithingsError`` in ``withings_bridge.domain.errors``.
"""

from withings_bridge.withings.answers import MAX_PAGES, Answer, Row
from withings_bridge.withings.client import WithingsClient
from withings_bridge.withings.models import TokenReply
from withings_bridge.withings.oauth import WithingsOAuth
from withings_bridge.withings.protocol import Call
from withings_bridge.withings.sending import TIMEOUT, Meter, Pace
from withings_bridge.withings.windows import Between, Days, Since

__all__ = [
    "MAX_PAGES",
    "TIMEOUT",
    "Answer",
    "Between",
    "Call",
    "Days",
    "Meter",
    "Pace",
    "Row",
    "Since",
    "TokenReply",
    "WithingsClient",
    "WithingsOAuth",
]
