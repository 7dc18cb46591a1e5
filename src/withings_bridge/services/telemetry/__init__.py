"""What the bridge tells Prometheus of itself.

- ``catalogue``: every metric there is, with its labels and its meaning
- ``counting``: what services count as they work
- ``telling``: what is looked up when somebody asks
- ``codes``: what others send, told apart within bounds
- ``lag``: how late the event loop is

A label never holds what could be about a person: neither a user, an account or a token, nor a value.
"""

from withings_bridge.services.telemetry.catalogue import Metric
from withings_bridge.services.telemetry.codes import MOST_CODES
from withings_bridge.services.telemetry.counting import CONTENT_TYPE, Telemetry, stopwatch
from withings_bridge.services.telemetry.lag import measure_lag
from withings_bridge.services.telemetry.telling import Values

__all__ = ["CONTENT_TYPE", "MOST_CODES", "Metric", "Telemetry", "Values", "measure_lag", "stopwatch"]
