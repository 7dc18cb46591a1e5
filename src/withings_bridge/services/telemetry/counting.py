"""What services count as they work, through one small method each."""

import time
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest

from withings_bridge import __version__
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import BridgeError, RateLimited
from withings_bridge.domain.inbox import Done, Failed
from withings_bridge.domain.notifications import APPLIS
from withings_bridge.domain.records import Record
from withings_bridge.domain.unknowns import unknowns
from withings_bridge.services.telemetry import catalogue
from withings_bridge.services.telemetry.catalogue import Metric
from withings_bridge.services.telemetry.codes import OTHER, Codes
from withings_bridge.services.telemetry.telling import Told, Values

# They tell when a series began, which nobody here asks, and double what is fetched.
disable_created_metrics()  # type: ignore[no-untyped-call]

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Telemetry:
    """The counters of one bridge. Nothing of them is global."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._codes = Codes()
        self._told = Told()
        self._notifications = _counter(catalogue.NOTIFICATIONS, registry)
        self._acknowledgement = _histogram(catalogue.ACKNOWLEDGEMENT, registry)
        # To look these up among all labels would take half the time of counting, on the hottest path.
        self._usual_notifications: dict[tuple[int | None, str], Counter] = {}
        self._acknowledgements: dict[int, Histogram] = {}
        self._turn = _histogram(catalogue.TURN, registry)
        self._tasks = _counter(catalogue.TASKS, registry)
        self._buried = _counter(catalogue.BURIED, registry)
        self._records = _counter(catalogue.RECORDS, registry)
        self._rows = _counter(catalogue.ROWS, registry)
        self._unknown = _counter(catalogue.UNKNOWN, registry)
        self._calls = _counter(catalogue.CALLS, registry)
        self._call = _histogram(catalogue.CALL, registry)
        self._refreshes = _counter(catalogue.REFRESHES, registry)
        self._quota_wait = _histogram(catalogue.QUOTA_WAIT, registry)
        self._put_off = _counter(catalogue.PUT_OFF, registry)
        self._lag = _histogram(catalogue.LAG, registry)
        info = catalogue.INFO
        Gauge(info.name, info.help, info.labels, registry=registry).labels(__version__).set(1)
        registry.register(self._told)
        ProcessCollector(registry=registry)

    # --- what Withings announces ----------------------------------------------------------------------

    def notified(self, appli: int | None, outcome: str, *, known: bool = False) -> None:
        """Count a notification; ``known``: of a linked account. A number that no table has is told of those
        alone, for anybody can post others.
        """
        usual = self._usual_notifications.get((appli, outcome))
        if usual is not None:
            usual.inc()
            return
        if appli is None:
            told = "none"
        elif appli in APPLIS:
            told = str(appli)
        else:
            told = self._codes.told_apart("appli", str(appli)) if known else OTHER
        counted = self._notifications.labels(told, outcome)
        counted.inc()
        if appli in APPLIS:
            self._usual_notifications[appli, outcome] = counted

    def acknowledged(self, status: int, seconds: float) -> None:
        """Count an answer to a notification."""
        counted = self._acknowledgements.get(status)
        if counted is None:
            counted = self._acknowledgements[status] = self._acknowledgement.labels(str(status))
        counted.observe(seconds)

    # --- what is done about it ------------------------------------------------------------------------

    def turned(self, outcome: str, seconds: float) -> None:
        """Count a turn that ended."""
        self._turn.labels(outcome).observe(seconds)

    def did(self, result: Done | Failed) -> None:
        """Count a task of a settled turn."""
        task = result.task
        self._tasks.labels(task.category, task.lane, _result(result)).inc()

    def buried(self, category: Category) -> None:
        """Count work that was given up."""
        self._buried.labels(category).inc()

    def stored(self, records: Iterable[Record]) -> None:
        """Count records that are new or have changed, and what no table knows in them."""
        for record in records:
            self._records.labels(record.kind).inc()
            for what, code in unknowns(record):
                self.unknown(what, code)

    def wrote(self, rows: int) -> None:
        """Count rows that were written or removed."""
        self._rows.inc(rows)

    def unknown(self, what: str, code: str) -> None:
        """Count something that no table knows; ``what`` is a word of ours, ``code`` Withings' own."""
        self._unknown.labels(what, self._codes.told_apart(what, code)).inc()

    # --- Withings -------------------------------------------------------------------------------------

    def called(self, service: str, action: str, status: int | str, seconds: float) -> None:
        """Count a call to Withings; ``status`` is Withings' own number, or a word of ours."""
        told = self._codes.told_apart("status", str(status)) if isinstance(status, int) else status
        self._calls.labels(service, action, told).inc()
        self._call.labels(service).observe(seconds)

    def waited(self, seconds: float) -> None:
        """Count how long a call waited for the budget."""
        self._quota_wait.observe(seconds)

    def put_off(self, service: str) -> None:
        """Count a call that the budget did not let leave."""
        self._put_off.labels(service).inc()

    def refreshed(self, outcome: str) -> None:
        """Count a refresh of a token pair."""
        self._refreshes.labels(outcome).inc()

    # --- the process ----------------------------------------------------------------------------------

    def lagged(self, seconds: float) -> None:
        """Count how late the event loop was."""
        self._lag.observe(seconds)

    def tell(self, gauges: Mapping[Metric, Values]) -> None:
        """These were looked up: they take the place of all that was looked up before."""
        self._told.gauges = gauges

    def text(self) -> bytes:
        """All of it in Prometheus' text format, which is ``CONTENT_TYPE``."""
        return generate_latest(self._registry)


def stopwatch() -> Callable[[], float]:
    """Gives the seconds since it was made."""
    began = time.perf_counter()
    return lambda: time.perf_counter() - began


def _result(result: Done | Failed) -> str:
    if isinstance(result, Done):
        return "done"
    if isinstance(result.error, RateLimited):
        return "put off"
    return "failed" if isinstance(result.error, BridgeError) else "bug"


def _counter(metric: Metric, registry: CollectorRegistry) -> Counter:
    counter = Counter(metric.name, metric.help, metric.labels, registry=registry)
    for value in metric.values:
        counter.labels(value)
    return counter


def _histogram(metric: Metric, registry: CollectorRegistry) -> Histogram:
    histogram = Histogram(metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=registry)
    for value in metric.values:
        histogram.labels(value)
    return histogram
