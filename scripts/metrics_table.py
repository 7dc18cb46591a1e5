"""Writes docs/metrics.md, from the catalogue that the code goes by.

``python scripts/metrics_table.py``; with ``--check`` it writes nothing and ends with 1 where it differs.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from withings_bridge.services.telemetry.catalogue import CATALOGUE, Metric, Reach

PAGE = Path(__file__).resolve().parents[1] / "docs/metrics.md"

HEAD = """\
# Metrics

What `/metrics` tells a Prometheus. Written by `make metrics` from the code.

A Prometheus sends an admin key as `X-API-Key`, or calls from the bridge's own machine and not through a
proxy. Where the bridge listens on loopback alone, that takes a proxy on the machine which `TRUSTED_PROXIES`
names: it tells for whom it calls, and another may not. An admin key opens everything, so prefer the
machine's own where you can. No label is about a person.

```yaml
scrape_configs:
  - job_name: withings-bridge
    scrape_interval: 30s
    http_headers:
      X-API-Key:
        files: [/etc/prometheus/withings-bridge.key]
    static_configs:
      - targets: [bridge.example.org]
```

[A dashboard for Grafana](../infrastructure/grafana/withings-bridge.json) shows all of them, and
[alert rules](../infrastructure/prometheus/alerts.yaml) say when somebody should look; each leads to a symptom
in `docs/operations.md`.
"""

SECTIONS = {
    Reach.PROCESS: """\
## Of this process

Each replica counts for itself, from 0 when it starts: add them up. Beside these are the usual `process_*`
(memory, processor time, open files).
""",
    Reach.ALL: """\
## Of all replicas

From the store, so every replica tells the same: take the largest. However often somebody asks, each replica
asks the store once a minute at most: for the schedule of calls, for the first account that is due in each
lane, and for 500 accounts of a census, which goes on the next time. While the store is silent these are not
told, save what the last census found, and `withings_bridge_store_up` is 0.

On DynamoDB that is a read unit for each account that is counted: at most some twenty million a month for
a replica that is asked every minute. Asked every five minutes it is a fifth, and a census takes five
times as long.
""",
}


def main() -> int:
    """Write the page, or say whether it is current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; end with 1 where the page differs"
    )
    text = page()
    if parser.parse_args().check:
        if not PAGE.exists() or PAGE.read_text() != text:
            sys.stderr.write("docs/metrics.md is not what the code says; run `make metrics`\n")
            return 1
        return 0
    PAGE.write_text(text)
    return 0


def page() -> str:
    """The whole page."""
    return "\n".join(_parts())


def _parts() -> Iterator[str]:
    yield HEAD
    for reach, head in SECTIONS.items():
        yield head
        yield "| Metric | Type | Labels | Meaning |\n| --- | --- | --- | --- |"
        yield from (_row(metric) for metric in CATALOGUE if metric.reach is reach)
        if reach is not Reach.ALL:
            yield ""
    yield ""


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.type} | {labels} | {metric.meaning} |"


if __name__ == "__main__":
    sys.exit(main())
