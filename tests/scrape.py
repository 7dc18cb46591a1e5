"""What a Prometheus makes of an answer of ``/metrics``."""

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


class Scrape:
    """All samples of one answer."""

    def __init__(self, text: str | bytes) -> None:
        self.text = text.decode() if isinstance(text, bytes) else text
        self.samples: dict[str, list[Sample]] = {}
        for family in text_string_to_metric_families(self.text):
            for sample in family.samples:
                self.samples.setdefault(sample.name, []).append(sample)

    def of(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels; its name without the prefix."""
        return sum(
            sample.value
            for sample in self.samples.get(f"withings_bridge_{name}", [])
            if labels.items() <= sample.labels.items()
        )

    def tells(self, name: str) -> bool:
        """Whether there is any sample of the metric."""
        return f"withings_bridge_{name}" in self.samples
