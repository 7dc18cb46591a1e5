"""Gauges that are looked up when somebody asks, and told until they are looked up again."""

from collections.abc import Iterable, Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from withings_bridge.services.telemetry.catalogue import Metric

Values = Mapping[tuple[str, ...], float]
"""By the values of a metric's labels, in their order."""


class Told(Collector):
    """What was looked up last. A metric of which nothing is known is not told, rather than as 0."""

    def __init__(self) -> None:
        self.gauges: Mapping[Metric, Values] = {}

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing before it is looked up."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """As Prometheus' client wants it."""
        for metric, values in self.gauges.items():
            family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, value in values.items():
                family.add_metric(labels, value)
            yield family
