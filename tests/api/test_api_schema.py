"""Whatever the description of the API allows, and what it does not: no answer but those it promises.

``make test`` asks 500 times, ``make proof`` tens of thousands.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.running import OTHER_USER, USER, Browser, beside, pretend_withings
from withings_bridge.callers import ApiKey, Scope

AnyCase = Case[Any]

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(3600),
    # Its own doing: it draws from ``random`` where hypothesis would like to be asked.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module"),
]

PATIENCE_SECONDS = 70
"""A sync may wait a minute for Withings."""

CASES = 10_000 if "PROOF_ROUNDS" in os.environ else 250
"""For an open bridge, and for one with keys."""

PROMISED: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

KEY, ENTRY = ApiKey.made("tests", Scope.ADMIN)


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge with two users of one Withings account, and how it describes itself."""

    url: str
    schema: BaseSchema

    def ask(self, case: AnyCase, *, key: str | None = None) -> int:
        """Make the call; fail where the answer is none that is promised. Its status."""
        headers = {"X-API-Key": key} if key else {}
        answer = case.call(
            base_url=self.url, headers=headers, allow_redirects=False, timeout=PATIENCE_SECONDS
        )
        case.validate_response(answer, checks=PROMISED, headers=headers)
        return answer.status_code


@pytest.fixture(scope="module")
def open_bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    yield from _in_a_thread(tmp_path_factory.mktemp("open"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    yield from _in_a_thread(tmp_path_factory.mktemp("guarded"), api_keys=str(ENTRY))


class TestEveryAnswer:
    def test_of_an_open_bridge_is_one_that_is_promised(self, open_bridge: Bridge) -> None:
        @_asking(CASES)
        @given(case=_cases(open_bridge.schema))
        def ask(case: AnyCase) -> None:
            open_bridge.ask(case)

        ask()

    def test_to_who_brings_a_key_is_one_that_is_promised(self, guarded: Bridge) -> None:
        @_asking(CASES)
        @given(case=_cases(guarded.schema))
        def ask(case: AnyCase) -> None:
            guarded.ask(case, key=KEY)

        ask()

    def test_to_a_stranger_is_one_that_is_promised_and_no_success(self, guarded: Bridge) -> None:
        @_asking(CASES // 5)
        @given(case=_cases(guarded.schema))
        def ask(case: AnyCase) -> None:
            status = guarded.ask(case)
            if case.path.startswith("/api/"):
                assert status >= 400

        ask()


def _asking(times: int) -> settings:
    return settings(max_examples=times, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@st.composite
def _cases(draw: st.DrawFn, schema: BaseSchema) -> AnyCase:
    """A call as the description has it, or with something wrong in it; often about somebody there is."""
    case = draw(schema.as_strategy(generation_mode=draw(st.sampled_from(GenerationMode))))
    user = draw(st.none() | st.sampled_from((USER, OTHER_USER)))
    # Who is linked stays so: nobody would be left to ask for.
    if user and not case.path.endswith("/disconnect"):
        for part in (case.query, case.body, case.path_parameters):
            if isinstance(part, dict):
                part.update({name: user for name in part if name in {"userId", "cognitoUserId", "account"}})
                if part.get("full") is True:
                    part["full"] = False  # Withings takes its time over a whole history
    return case


def _in_a_thread(folder: Path, **changes: Any) -> Iterator[Bridge]:
    """A thread of its own runs it, since who asks here waits for each answer."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    running = _running(folder, **changes)
    url = asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(60)
    try:
        yield Bridge(url, schemathesis.openapi.from_url(f"{url}/openapi.json"))
    finally:
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@asynccontextmanager
async def _running(folder: Path, **changes: Any) -> AsyncIterator[str]:
    async with pretend_withings() as cloud:
        async with beside(cloud, folder) as bridge, httpx.AsyncClient(trust_env=False) as http:
            for user in (USER, OTHER_USER):
                await Browser(bridge, http).link(user)
        async with beside(cloud, folder, **changes) as bridge:
            yield str(bridge.http.base_url).rstrip("/")
