"""Replies that others recorded from Withings' cloud. They are not in the repository."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from withings_bridge.domain.records import Kind

RECORDED = (
    Path(os.environ.get("WITHINGS_RECORDED_DIR", Path(__file__).parents[2] / "shared" / "recorded"))
    / "aiowithings"
)

needs_recorded = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="recorded replies are not here; set WITHINGS_RECORDED_DIR"
)

REPLIES: dict[str, tuple[Kind, str]] = {
    "measurement": (Kind.MEASURES, "measuregrps"),
    "measurement_list_2": (Kind.MEASURES, "measuregrps"),
    "measurement_positions": (Kind.MEASURES, "measuregrps"),
    "activity": (Kind.ACTIVITY, "activities"),
    "sleep_no_datafields": (Kind.SEGMENT, "series"),
    "sleep_summary": (Kind.SLEEP, "series"),
    "sleep_summary_no_datafields": (Kind.SLEEP, "series"),
    "workouts": (Kind.WORKOUT, "series"),
    "device": (Kind.DEVICE, "devices"),
    "goals": (Kind.GOALS, "goals"),
    "goals_1": (Kind.GOALS, "goals"),
}
"""By name: of which kind its rows are, and under which key they lie."""


def content(name: str) -> bytes:
    """The reply as it was recorded."""
    return (RECORDED / f"{name}.json").read_bytes()


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of the reply."""
    _, key = REPLIES[name]
    reply = json.loads(content(name))
    found = reply if isinstance(reply, list) else reply["body"][key]
    return [found] if isinstance(found, dict) else found


def all_rows() -> list[tuple[Kind, dict[str, Any]]]:
    """All rows of all replies, each with its kind."""
    return [(kind, row) for name, (kind, _) in REPLIES.items() for row in rows(name)]


def rows_of(kind: Kind) -> list[dict[str, Any]]:
    """All recorded rows of the kind."""
    return [row for found, row in all_rows() if found is kind]
