"""Ids of resources: the same whenever they are made, and enough to find the record again.

``measures.1234567890.5e1f0c9a77e3b2047d10``: the kind of the record; its key where that is a number, else
its time as an epoch behind a ``t``; and a hash of the key and of which value of the record it is. Keys that
are no numbers hold the time, so an edit never moves one of them.
"""

import hashlib
import re
from datetime import datetime
from typing import NamedTuple

from withings_bridge.domain.records import Kind, Record, instant
from withings_bridge.fhir.resources import ID

_DIGITS_OF_A_KEY = 24
_DIGEST = 20
_FORM = re.compile(r"([a-z]+)\.(?:t(-?\d{1,12})|(\d{1,24}))\.[0-9a-f]{20}")


class Whereabouts(NamedTuple):
    """Where the record of an Observation is to be looked for."""

    kind: Kind
    key: str | None
    """Its key; None: look at its time."""
    at: datetime | None


def observation_id(record: Record, what: str) -> str:
    """The id of one of the record's Observations; ``what`` says of which, and is unique in the record."""
    numbered = record.key.isascii() and record.key.isdigit() and len(record.key) <= _DIGITS_OF_A_KEY
    place = record.key if numbered else f"t{int(record.at.timestamp())}"
    return f"{record.kind}.{place}.{_hash(record.key, what)[:_DIGEST]}"


def whereabouts(observation: str) -> Whereabouts | None:
    """Where to look for the Observation of that id; None where it is none of ours."""
    found = _FORM.fullmatch(observation)
    if found is None:
        return None
    kind, epoch, key = found.groups()
    at = instant(epoch) if epoch else None
    if kind not in set(Kind) or (key is None and at is None):
        return None
    return Whereabouts(Kind(kind), key, at)


def resource_id(name: str) -> str:
    """The name as an id: itself where FHIR takes it, else a hash."""
    return name if re.fullmatch(ID, name) else _hash(name)[:40]


def _hash(*parts: str) -> str:
    text = "\0".join(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
