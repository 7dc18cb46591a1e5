"""The dashboard and the alerts speak of metrics that a bridge tells, and the page of metrics of all of them.

The measure is one scrape of a bridge that has done each thing once.
"""

import asyncio
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builders import HOUR, MINUTE
from fakes import FakeClock
from scrape import Scrape
from unit.services.house import House, a_house, eventually
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import RateLimited
from withings_bridge.domain.inbox import ASKED
from withings_bridge.services.telemetry import measure_lag
from withings_bridge.services.telemetry.catalogue import CATALOGUE, PREFIX, Metric, Type

ROOT = Path(__file__).parents[2]
OPERATIONS = ROOT / "docs/operations.md"

yaml: Any = importlib.import_module("yaml")  # which brings no types

DASHBOARD: dict[str, Any] = json.loads((ROOT / "infrastructure/grafana/withings-bridge.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ALERTS = yaml.safe_load((ROOT / "infrastructure/prometheus/alerts.yaml").read_text())
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]

SHOWN = [target["expr"] for panel in PANELS for target in panel["targets"]]
ASKED_FOR = SHOWN + [rule["expr"] for rule in RULES]

SERIES: dict[str, Metric] = {name: metric for metric in CATALOGUE for name in metric.series}
FROM_PROMETHEUS = {"job", "instance"}
"""Labels that every series has once it was scraped."""

NAME = re.compile(rf"\b(?:{PREFIX}|process_)\w+")
SELECTOR = re.compile(rf"\b({PREFIX}\w+)\{{([^}}]*)\}}")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
GROUPED = re.compile(r"\b(?:by|on|without)\s*\(([^)]*)\)")


async def news(house: House, userid: str) -> None:
    """Somebody asks for an account's measures, and the bridge does what follows, an hour after the last."""
    house.clock.advance(HOUR)
    await house.storage.accounts.announce(userid, {Category.MEASURES: ASKED}, now=house.clock())
    await house.drain(userid)


async def bug() -> None:
    raise RuntimeError


async def do_everything(house: House) -> None:
    """A bridge's life, with every trouble that is counted."""
    userid = await house.linked()
    await house.notified(userid, await house.weigh(userid, 70))
    for fields in ({"userid": userid, "appli": "77"}, {"userid": "999", "appli": "1"}, {"appli": "1"}):
        await house.receiving.receive(fields)
    house.weather.breaks("getmeas")
    await news(house, userid)
    house.weather.refuses("getmeas", 601)
    await news(house, userid)
    house.weather.cuts_off("getmeas")
    await news(house, userid)
    house.weather.meanwhile("getmeas", bug)
    await news(house, userid)
    house.weather.refuses("getmeas", 277)
    await news(house, userid)
    await house.pacing.slow_down(10 * MINUTE)
    with pytest.raises(RateLimited):
        await house.paced_client().devices("token")
    house.telemetry.acknowledged(200, 0.002)  # what is about HTTP is in ``api.test_api_metrics``
    await work_and_measure(house)


async def work_and_measure(house: House) -> None:
    """The worker's loop and the timer, until both have gone round."""
    stop = asyncio.Event()

    async def gone_round() -> bool:
        told = Scrape(house.telemetry.text())
        return not house.working.stands_still and told.of("event_loop_lag_seconds_count") > 0

    running = [house.working.run(stop, grace=5), measure_lag(house.telemetry, stop, every=0.001)]
    tasks = [asyncio.create_task(each) for each in running]
    await eventually(gone_round)
    stop.set()
    await asyncio.gather(*tasks)


@pytest.fixture(scope="module")
def scrape(tmp_path_factory: pytest.TempPathFactory) -> Scrape:
    async def scraped() -> Scrape:
        async with a_house(tmp_path_factory.mktemp("house"), FakeClock()) as house:
            await do_everything(house)
            await house.surveying.look()
            return Scrape(house.telemetry.text())

    return asyncio.run(scraped())


def matchers() -> Iterator[tuple[str, str, str, str]]:
    """Every condition on a label of ours: series, label, operator, value."""
    for expression in ASKED_FOR:
        for name, inside in SELECTOR.findall(expression):
            for label, operator, value in MATCHER.findall(inside):
                if label not in FROM_PROMETHEUS:
                    yield name, label, operator, value


class TestTheScrape:
    def test_holds_all_of_the_catalogue_with_its_labels(self, scrape: Scrape) -> None:
        for name, metric in SERIES.items():
            assert scrape.samples.get(name), name
            bound = {"le"} if name.endswith("_bucket") else set()
            for sample in scrape.samples[name]:
                assert set(sample.labels) == {*metric.labels, *bound}, name

    def test_holds_nothing_else_of_ours(self, scrape: Scrape) -> None:
        assert {name for name in scrape.samples if name.startswith(PREFIX)} == set(SERIES)

    def test_says_what_each_means_and_of_whom_it_is(self, scrape: Scrape) -> None:
        for metric in CATALOGUE:
            told = re.sub("_total$", "", metric.name) if metric.type is Type.COUNTER else metric.name
            assert re.search(
                rf"^# HELP {told}(_total)? .+ Of (this process|all replicas)\.$", scrape.text, re.MULTILINE
            )


class TestNames:
    def test_are_of_metrics_that_a_bridge_tells(self, scrape: Scrape) -> None:
        asked = {name for expression in ASKED_FOR for name in NAME.findall(expression)}
        assert asked
        assert asked <= set(scrape.samples)

    def test_are_all_on_the_dashboard(self) -> None:
        shown = {
            SERIES[name].name for expression in SHOWN for name in NAME.findall(expression) if name in SERIES
        }
        assert shown == {metric.name for metric in CATALOGUE}

    def test_follow_the_conventions(self) -> None:
        for metric in CATALOGUE:
            assert metric.name.startswith(PREFIX)
            assert metric.name.endswith("_total") == (metric.type is Type.COUNTER)
            assert metric.name.endswith("_seconds") or metric.type is not Type.HISTOGRAM
            assert bool(metric.buckets) == (metric.type is Type.HISTOGRAM)
            assert not re.search("_(ms|milliseconds|minutes|hours)", metric.name)


class TestExpressions:
    @pytest.mark.parametrize("expression", ASKED_FOR)
    def test_group_by_labels_that_are_there(self, expression: str) -> None:
        of_metrics = {
            label for name in NAME.findall(expression) if name in SERIES for label in SERIES[name].labels
        }
        grouped = {label.strip() for inside in GROUPED.findall(expression) for label in inside.split(",")}
        assert grouped - {""} <= of_metrics | FROM_PROMETHEUS | {"le"}

    @pytest.mark.parametrize("expression", ASKED_FOR)
    def test_close_what_they_open(self, expression: str) -> None:
        bare = re.sub(r'"[^"]*"', "", expression)
        while (shorter := re.sub(r"\([^()\[\]{}]*\)|\[[^()\[\]{}]*\]|\{[^()\[\]{}]*\}", "", bare)) != bare:
            bare = shorter
        assert not re.search(r"[()\[\]{}]", bare)

    def test_ask_for_labels_and_values_that_a_bridge_tells(self, scrape: Scrape) -> None:
        for name, label, operator, value in matchers():
            assert label in SERIES[name].labels, (name, label)
            told = {sample.labels[label] for sample in scrape.samples[name]}
            pattern = value if operator in {"=~", "!~"} else re.escape(value)
            assert any(re.fullmatch(pattern, each) for each in told), (name, label, value, told)

    def test_take_rates_of_counters_and_histograms_alone(self) -> None:
        for expression in ASKED_FOR:
            for name in re.findall(rf"\b(?:rate|increase)\(({PREFIX}\w+)", expression):
                assert SERIES[name].type is not Type.GAUGE, name

    def test_do_not_add_up_what_every_replica_tells_alike(self) -> None:
        alike = {metric.name for metric in CATALOGUE if metric.reach == "all replicas"}
        for expression in ASKED_FOR:
            for function, name in re.findall(rf"(\w+)(?: by \([^)]*\) )?\(({PREFIX}\w+)", expression):
                assert name not in alike or function in {"max", "min"}, expression


class TestTheDashboard:
    def test_is_one_that_grafana_imports(self) -> None:
        assert DASHBOARD["title"]
        assert DASHBOARD["uid"]
        assert "id" not in DASHBOARD
        ids = [panel["id"] for panel in DASHBOARD["panels"]]
        assert len(ids) == len(set(ids))

    def test_takes_its_data_from_where_the_reader_chooses(self) -> None:
        (source,) = (one for one in DASHBOARD["templating"]["list"] if one["type"] == "datasource")
        assert (source["name"], source["query"]) == ("datasource", "prometheus")
        for panel in PANELS:
            for target in panel["targets"]:
                assert target["datasource"]["uid"] == panel["datasource"]["uid"] == "${datasource}"

    def test_shows_the_replicas_that_the_reader_chooses(self) -> None:
        for expression in SHOWN:
            for name in NAME.findall(expression):
                assert f'{name}{{job=~"$job", instance=~"$instance"' in expression, expression

    def test_says_of_every_panel_what_it_means_and_in_which_unit(self) -> None:
        for panel in PANELS:
            assert panel["description"].endswith("."), panel["title"]
            assert panel["type"] == "table" or panel["fieldConfig"]["defaults"]["unit"], panel["title"]

    def test_has_its_panels_side_by_side(self) -> None:
        taken: set[tuple[int, int]] = set()
        for panel in DASHBOARD["panels"]:
            at = panel["gridPos"]
            cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            assert not cells & taken, panel["title"]
            assert at["x"] + at["w"] <= 24
            taken |= cells


class TestTheAlerts:
    def test_have_a_name_each(self) -> None:
        names = [rule["alert"] for rule in RULES]
        assert len(names) == len(set(names))
        assert all(name.startswith("WithingsBridge") for name in names)

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
    def test_say_how_bad_it_is_and_what_to_do(self, rule: dict[str, Any]) -> None:
        assert re.fullmatch(r"\d+[mh]", rule["for"])
        assert rule["labels"]["severity"] in {"critical", "warning"}
        told = rule["annotations"]
        assert set(told) == {"summary", "description", "runbook"}
        assert told["summary"].endswith(".")
        assert told["description"].endswith(".")
        assert re.fullmatch(r"docs/operations\.md#[a-z-]+", told["runbook"])

    @pytest.mark.skipif(not OPERATIONS.exists(), reason="docs/operations.md is not there yet")
    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
    def test_lead_to_a_symptom_that_is_described(self, rule: dict[str, Any]) -> None:
        headings = re.findall(r"^#+ (.+)$", OPERATIONS.read_text(), re.MULTILINE)
        anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert rule["annotations"]["runbook"].partition("#")[2] in anchors
