"""What the bridge counts of itself, for Prometheus to fetch.

A label never holds what could be about a person: neither a user, an account or a token, nor a value.
"""

import re
from collections.abc import Iterable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, disable_created_metrics
from prometheus_client.exposition import generate_latest

from withings_bridge.domain.records import Record
from withings_bridge.domain.unknowns import unknowns

# They tell when a series began, which nobody here asks, and double what is fetched.
disable_created_metrics()  # type: ignore[no-untyped-call]

CONTENT_TYPE = CONTENT_TYPE_LATEST

MOST_CODES = 64
"""Of one sort of unknown thing so many codes are told apart: what others send must not fill our memory."""

OTHER = "other"
"""The code under which the rest is counted."""

_CODE = re.compile(r"-?[0-9]{1,6}|[a-z]+(\.[A-Za-z_][A-Za-z0-9_]{0,39}){1,2}")
"""A number that Withings may give a type, or a kind of record with a field's name, or with two, one in the
other. A longer number could be
a time, and other text anything.
"""


class Telemetry:
    """The counters of one bridge. Nothing of them is global."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._unknown = Counter(
            "withings_bridge_unknown",
            "Things in stored records, and notifications of linked accounts, that no table knows yet.",
            ("what", "code"),
            registry=self._registry,
        )
        self._codes: dict[str, set[str]] = {}

    def unknown(self, what: str, code: str) -> None:
        """Count something that no table knows; ``what`` is a word of ours, ``code`` Withings' own."""
        self._unknown.labels(what, self._told_apart(what, code)).inc()

    def stored(self, records: Iterable[Record]) -> None:
        """Count what no table knows in records that are new or have changed."""
        for record in records:
            for what, code in unknowns(record):
                self.unknown(what, code)

    def text(self) -> bytes:
        """All of it in Prometheus' text format, which is ``CONTENT_TYPE``."""
        return generate_latest(self._registry)

    def _told_apart(self, what: str, code: str) -> str:
        codes = self._codes.setdefault(what, set())
        if code in codes:
            return code
        if len(codes) >= MOST_CODES or not _CODE.fullmatch(code):
            return OTHER
        codes.add(code)
        return code
