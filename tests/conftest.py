"""What makes every test cheaper."""

from functools import cache

import httpx
import structlog
from httpx._transports import default as _transports

# Every HTTP client reads the certificates of this machine, which takes longer than most tests.
_transports.create_ssl_context = cache(httpx.create_ssl_context)  # type: ignore[attr-defined]  # it is no export

# By itself structlog draws the traceback of an exception with all that stood in variables.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
