"""What holds for all tests. Most of it makes them cheaper."""

import gc
import os
import signal
import sys
from functools import cache
from importlib.util import find_spec

import httpx
import pytest
import structlog
from httpx._transports import default as _transports
from hypothesis import settings

# Every HTTP client reads the certificates of this machine, which takes longer than most tests.
_transports.create_ssl_context = cache(httpx.create_ssl_context)  # type: ignore[attr-defined]  # it is no export

# Each request over ASGI looks for it on all of the path again.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # it says that there is none

# By itself structlog draws the traceback of an exception with all that stood in variables.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

# Whoever runs the tests in the background hears no Ctrl-C, and what the tests start would not either.
signal.signal(signal.SIGINT, signal.default_int_handler)

# `make fast` tries a few of what Hypothesis thinks of, `make test` as many as Hypothesis does by itself.
settings.register_profile("fast", max_examples=15)

# While tests are collected, hardly anything becomes garbage; afterwards all of them are always there.
gc.disable()


def pytest_collection_finish() -> None:
    """What is there by now stays till the end, so that no collection need look at it."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What one process tells another of a test that passed is that it passed."""
    if report.passed and "PYTEST_XDIST_WORKER" in os.environ:
        report.keywords, report.sections = {}, []
