"""The template for AWS: its tables are those that the bridge makes, and its policy covers what a bridge does
through a whole life of a link, and nothing that it never does.
"""

import importlib
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.running import USER, Bridge, Browser, beside, pretend_withings
from engines import dynamodb_endpoint
from withings_bridge.storage.dynamodb.names import TableNames
from withings_bridge.storage.dynamodb.tables import expiring, schemas

yaml: Any = importlib.import_module("yaml")  # which brings no types

OWN = ("Accounts", "Records", "Ephemera", "Trail")
SHARED = {"TokensTable": "tokens", "UserVitalsTable": "vitals"}

Needs = Mapping[str, set[str]]
"""The actions on each table, by its name among ``TableNames``."""


LOOKS = {"DescribeTable", "DescribeTimeToLive"}
"""What a start and ``doctor`` look at."""

RARE: Needs = defaultdict(set, accounts={"ConditionCheckItem"}, tokens={"ConditionCheckItem"})
"""Moving to another account, and adopting users of the predecessor, ask that something is unchanged."""


def _short(loader: Any, tag: str, node: Any) -> Any:
    if hasattr(node, "value") and isinstance(node.value, str):
        return f"{tag} {node.value}"
    return loader.construct_sequence(node)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """The template, with CloudFormation's short functions as text."""
    loader: Any = type("Loader", (yaml.SafeLoader,), {})
    loader.add_multi_constructor("!", _short)
    text = (Path(__file__).parents[3] / "infrastructure/tables.yaml").read_text()
    found: dict[str, Any] = yaml.load(text, Loader=loader)
    return found


@pytest.fixture(scope="module")
def granted(template: dict[str, Any]) -> Needs:
    """What the policy allows."""
    found: dict[str, set[str]] = defaultdict(set)
    for statement in template["Resources"]["Access"]["Properties"]["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        for resource in _listed(statement["Resource"]):
            assert "*" not in resource.replace("/index/*", "")
            found[_table_of(resource)] |= {
                action.removeprefix("dynamodb:") for action in _listed(statement["Action"])
            }
    return found


class TestTheTemplate:
    @pytest.mark.parametrize("table", OWN)
    def test_makes_the_tables_that_the_bridge_would_make(self, template: dict[str, Any], table: str) -> None:
        names = TableNames()
        name = getattr(names, table.lower())
        made = template["Resources"][table]["Properties"]
        (schema,) = [schema for schema in schemas(names) if schema["TableName"] == name]
        alike = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        assert {part: made.get(part) for part in alike} == {part: schema.get(part) for part in alike}
        assert template["Parameters"][f"{table}Table"]["Default"] == name
        assert ("TimeToLiveSpecification" in made) == (name in expiring(names))

    @pytest.mark.parametrize("table", OWN)
    def test_can_bring_a_table_back_and_encrypts_it(self, template: dict[str, Any], table: str) -> None:
        made = template["Resources"][table]["Properties"]
        assert made["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert made["SSESpecification"] == {"SSEEnabled": True}

    def test_knows_the_shared_tables_by_the_names_of_the_settings(self, template: dict[str, Any]) -> None:
        for parameter, name in SHARED.items():
            assert template["Parameters"][parameter]["Default"] == getattr(TableNames(), name)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, os.environ.get(name, "test"))
    with dynamodb_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
async def needs(endpoint: str, tmp_path: Path) -> Needs:
    """What a bridge does through the life of a link."""
    found: dict[str, set[str]] = defaultdict(set)

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        for table, action in _asked(model.name, params):
            found[table].add(action)

    async with pretend_withings() as cloud:
        given = {"storage": "dynamodb", "aws_dynamodb_endpoint": endpoint}
        async with beside(cloud, tmp_path, **given) as bridge:
            storage: Any = bridge.services.overseeing._accounts
            storage._engine._client.meta.events.register("before-parameter-build.dynamodb", note)
            await _a_life(bridge, cloud)
    return found


async def _a_life(bridge: Bridge, cloud: Any) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        await Browser(bridge, http).link()
    person = await cloud.person()
    await bridge.sync()
    weighed = await cloud.tell("POST", f"/people/{person}/weighings", {"kg": 81.3})
    await bridge.sync()
    await cloud.tell("DELETE", f"/people/{person}/measure-groups/{weighed['measuregrps'][0]['grpid']}")
    await bridge.sync()
    for path in ("/dashboard", f"/dashboard/accounts/{person}", f"/dashboard/people/{USER}"):
        assert (await bridge.http.get(path)).status_code == 200
    for call in ("explain", "changes", "latest", "measurements"):
        assert (await bridge.http.get(f"/api/withings/{call}", params={"userId": USER})).status_code == 200
    await bridge.http.post("/api/withings/inbox/replay", json={})
    async for _ in bridge.services.examining.findings(fix=True):
        pass
    assert (await bridge.http.get("/ready")).status_code == 200
    reply = await bridge.http.post("/api/withings/disconnect", json={"userId": USER, "purge": True})
    assert reply.status_code == 200


@pytest.mark.engine
class TestThePolicy:
    async def test_allows_what_a_bridge_does(self, needs: Needs, granted: Needs) -> None:
        assert {table: actions - granted[table] for table, actions in needs.items()} == {
            table: set() for table in needs
        }
        assert set(needs) == set(granted)

    async def test_allows_nothing_that_a_bridge_never_does(self, needs: Needs, granted: Needs) -> None:
        beside = {table: actions - needs[table] - LOOKS - RARE[table] for table, actions in granted.items()}
        assert beside == {table: set() for table in granted}


def _asked(operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The actions that IAM asks for, by table."""
    names = {
        value: name
        for name in ("tokens", "vitals", "accounts", "records", "ephemera", "trail")
        if (value := getattr(TableNames(), name))
    }
    if operation == "TransactWriteItems":
        for item in params["TransactItems"]:
            ((kind, write),) = item.items()
            action = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
            yield names[write["TableName"]], action
    elif "RequestItems" in params:
        for table in params["RequestItems"]:
            yield names[table], operation
    elif "TableName" in params:
        yield names[params["TableName"]], operation


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _table_of(resource: str) -> str:
    """``accounts`` for ``GetAtt Accounts.Arn`` and the ARN of its indexes; ``tokens`` for a shared one's."""
    for parameter, name in SHARED.items():
        if parameter in resource:
            return name
    (found,) = [own for own in OWN if f"{own}.Arn" in resource]
    return found.lower()
