"""The published client withings-api, as it is, completes every call it has against the sandbox."""

import asyncio
import json
from pathlib import Path
from typing import Any

from contract.sandbox.sandbox_server import Served

_CALLS = Path(__file__).with_name("withings_api_calls.py")


async def _seen(python: str, served: Served, part: str) -> Any:
    """What the client saw in one part of its calls; fails with its own words when it stumbled."""
    process = await asyncio.create_subprocess_exec(
        python,
        str(_CALLS),
        str(served.port),
        served.webhook_url,
        part,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaint = await asyncio.wait_for(process.communicate(), timeout=60)
    assert process.returncode == 0, complaint.decode()
    return json.loads(out)


class TestWithingsApi:
    async def test_consents_and_reads_every_service(self, withings_api_python: str, served: Served) -> None:
        seen = await _seen(withings_api_python, served, "data")
        assert seen["devices"] == ["Body Scan", "BPM Core", "ScanWatch", "Thermo", "Aura Sensor V2"]
        assert 40 < seen["weight"] < 130
        assert (seen["states"], seen["samples"]) == ([0, 1, 2, 3], True)
        assert seen["signal"] in {9_000, 10_000}
        assert min(seen[rows] for rows in ("measures", "days", "nights", "recordings")) > 0

    async def test_refreshes_its_token(self, withings_api_python: str, served: Served) -> None:
        seen = await _seen(withings_api_python, served, "tokens")
        assert seen == {"rotated": True, "userid": served.userid}

    async def test_manages_its_notifications(self, withings_api_python: str, served: Served) -> None:
        seen = await _seen(withings_api_python, served, "notifications")
        url = served.webhook_url
        assert seen == {"get": [1, url, "mine"], "list": [[44, f"{url}&new=1", "changed"]], "left": 0}

    async def test_may_send_its_defaults_when_the_cloud_accepts_dates_beside_lastupdate(
        self, withings_api_python: str, served: Served
    ) -> None:
        await served.control("PUT", "/faults", {"dates_beside_lastupdate": True})
        seen = await _seen(withings_api_python, served, "defaults")
        assert seen == {"measures": 0, "days": 0, "nights": 0, "recordings": 0}
