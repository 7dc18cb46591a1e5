"""Every metric of the bridge, its labels and its meaning. ``docs/metrics.md`` is written from this."""

from dataclasses import dataclass
from enum import StrEnum

from withings_bridge.domain.categories import Category

PREFIX = "withings_bridge_"


class Type(StrEnum):
    """The types of Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Reach(StrEnum):
    """Of whom a number is."""

    PROCESS = "this process"
    """To be added up over replicas; it begins anew with each start."""
    ALL = "all replicas"
    """From the store, so each replica tells the same: take the largest."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric."""

    name: str
    """As Prometheus stores it; of a histogram without ``_bucket``, ``_sum`` and ``_count``."""
    type: Type
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds in seconds, of a histogram alone."""
    values: tuple[str, ...] = ()
    """Of its only label, told from the beginning: Prometheus sees no increase where a series begins."""
    reach: Reach = Reach.PROCESS

    @property
    def help(self) -> str:
        """The meaning, and of whom it is."""
        return f"{self.meaning} Of {self.reach}."

    @property
    def series(self) -> frozenset[str]:
        """The names under which Prometheus stores it."""
        if self.type is Type.HISTOGRAM:
            return frozenset(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return frozenset({self.name})


CATALOGUE: list[Metric] = []
"""All of them, in the order in which they are described."""


def _counter(name: str, meaning: str, *labels: str, values: tuple[str, ...] = ()) -> Metric:
    return _listed(Metric(f"{PREFIX}{name}_total", Type.COUNTER, meaning, labels, values=values))


def _gauge(name: str, meaning: str, *labels: str, reach: Reach = Reach.PROCESS) -> Metric:
    return _listed(Metric(PREFIX + name, Type.GAUGE, meaning, labels, reach=reach))


def _histogram(
    name: str, meaning: str, *labels: str, buckets: tuple[float, ...], values: tuple[str, ...] = ()
) -> Metric:
    return _listed(Metric(f"{PREFIX}{name}_seconds", Type.HISTOGRAM, meaning, labels, buckets, values))


def _listed(metric: Metric) -> Metric:
    CATALOGUE.append(metric)
    return metric


# --- what Withings announces --------------------------------------------------------------------------

NOTIFICATIONS = _counter(
    "notifications",
    "Notifications by what became of them: `stored`; `nothing to do`, for some tell of nothing that could be "
    "fetched; `unknown account`; `senseless`, which names no account or appli; `not kept`, which Withings "
    "delivers again.",
    "appli",
    "outcome",
)
ACKNOWLEDGEMENT = _histogram(
    "acknowledgement",
    "From a notification's request to the end of its answer, by HTTP status. Withings waits for two seconds.",
    "status",
    values=("200", "500", "503"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)

# --- what is done about it ----------------------------------------------------------------------------

TURN = _histogram(
    "turn",
    "Turns over an account by how they ended: `settled`; `consent needed`, where Withings no longer honours "
    "the link; `abandoned` to another worker; `not settled`, where the store fell silent; `cut off` by a "
    "stop; `failed` by a bug.",
    "outcome",
    values=("settled", "consent needed", "abandoned", "not settled", "cut off", "failed"),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
TASKS = _counter(
    "tasks",
    "Tasks of settled turns by result: `done`; `put off`, since the budget of calls is spent; `failed`, and "
    "tried again or given up; `bug`, which is ours.",
    "category",
    "lane",
    "result",
)
BURIED = _counter(
    "buried", "Tasks that were given up: each became a dead letter.", "category", values=tuple(Category)
)
RECORDS = _counter("records_stored", "Records that were new, or had changed.", "kind")
ROWS = _counter("rows_written", "Rows of vitals that were written or removed.")
UNKNOWN = _counter(
    "unknown",
    "Things in stored records, and notifications of linked accounts, that no table knows yet.",
    "what",
    "code",
)

# --- Withings -----------------------------------------------------------------------------------------

CALLS = _counter(
    "withings_calls",
    "Calls to Withings by the status in its answer, of which 0 is success and 601 a spent budget; without "
    "one `http 502` and the like, `malformed`, `no answer` or `unreachable`.",
    "service",
    "action",
    "status",
)
CALL = _histogram(
    "withings_call",
    "How long Withings took to answer, or not to.",
    "service",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)
REFRESHES = _counter(
    "refreshes",
    "Refreshes of token pairs by outcome: `granted`; `overtaken` by a pair that somebody else obtained; "
    "`refused`, so that the person must consent again; `failed`, and tried again.",
    "outcome",
    values=("granted", "overtaken", "refused", "failed"),
)
CREDENTIALS = _gauge(
    "credentials_refused", "1 where Withings refused the application itself when last asked for tokens."
)

# --- the budget of calls ------------------------------------------------------------------------------

QUOTA_WAIT = _histogram(
    "quota_wait",
    "How long calls waited until the budget let them leave.",
    buckets=(0.01, 0.05, 0.25, 1, 5, 15, 30, 60),
)
PUT_OFF = _counter(
    "calls_put_off", "Calls that were not made, since the budget is spent for too long to wait.", "service"
)
QUOTA_CALLS = _gauge(
    "quota_calls", "Calls of the last hour and up to five minutes, by lane.", "lane", reach=Reach.ALL
)
QUOTA_GRANTED = _gauge(
    "quota_granted_calls", "Calls that Withings grants in the time of `quota_calls`.", reach=Reach.ALL
)
QUOTA_PAUSED = _gauge(
    "quota_paused", "1 while Withings asks everybody to wait, which passes by itself.", reach=Reach.ALL
)

# --- how the accounts are -----------------------------------------------------------------------------

WAITING = _gauge(
    "waiting_seconds",
    "For how long the account that is due longest in a lane has been due; 0 where none is.",
    "lane",
    reach=Reach.ALL,
)
STALEST = _gauge(
    "stalest_account_seconds",
    "Time since the account that was swept longest ago was swept, or linked: compared with Withings, whether "
    "or not anything was announced. Accounts that need consent are not swept.",
    reach=Reach.ALL,
)
SWEEP_EVERY = _gauge("sweep_interval_seconds", "How often an account is to be swept (`RECONCILE_HOURS`).")
ACCOUNTS = _gauge(
    "accounts",
    "Linked accounts by the worst of their condition, at the last census.",
    "condition",
    reach=Reach.ALL,
)
PENDING = _gauge(
    "pending_work",
    "Pending work of all accounts by state, at the last census: `waiting`, `retrying`, `buried`.",
    "state",
    reach=Reach.ALL,
)
DEAD_LETTERS = _gauge(
    "dead_letters",
    "Work that was given up and still is, at the last census: until news or a person brings it back.",
    "category",
    reach=Reach.ALL,
)
CENSUS = _gauge(
    "census_timestamp_seconds",
    "When the last census ended. It takes a minute for some hundred accounts, hours for 100,000, and goes "
    "on while somebody asks for metrics.",
)

# --- the process --------------------------------------------------------------------------------------

STORE = _gauge("store_up", "1 where the store answered when it was last asked, 0 where it did not in time.")
WORKER = _gauge(
    "worker_beat_timestamp_seconds",
    "When the worker last looked for what is due. It looks every few seconds; 0: never yet.",
)
LAG = _histogram(
    "event_loop_lag",
    "How late a timer of the event loop was, measured twice a second.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
INFO = _gauge("info", "1, with the version.", "version")
