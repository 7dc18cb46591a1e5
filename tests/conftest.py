"""What makes every test cheaper."""

from functools import cache

import httpx
from httpx._transports import default as _transports

# Every HTTP client reads the certificates of this machine, which takes longer than most tests.
_transports.create_ssl_context = cache(httpx.create_ssl_context)  # type: ignore[attr-defined]  # it is no export
