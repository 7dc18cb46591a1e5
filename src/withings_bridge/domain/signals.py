"""Signals: the curve of an ECG, the sound of a stethoscope, and the recordings that name them."""

from enum import StrEnum
from typing import Any

from withings_bridge.domain.records import Kind, Record, RecordKey


class Signal(StrEnum):
    """What was recorded. Each numbers its signals by itself."""

    ECG = "ecg"
    STETHO = "stetho"

    def key_of(self, signalid: str) -> RecordKey:
        """Under what a signal is stored."""
        return RecordKey(Kind.SIGNAL, f"{self}/{signalid}")


def signals_of(recording: Record) -> frozenset[RecordKey]:
    """The signals that a recording names; a cuff may take an ECG and sounds together."""
    match recording.kind:
        case Kind.HEART:
            named = {signal: recording.body.get(signal) for signal in Signal}
        case Kind.STETHO:
            named = {Signal.STETHO: recording.body}
        case _:
            return frozenset()
    ids = {signal: _signalid(part) for signal, part in named.items()}
    return frozenset(signal.key_of(signalid) for signal, signalid in ids.items() if signalid)


def _signalid(part: Any) -> str | None:
    signalid = part.get("signalid") if isinstance(part, dict) else None
    return None if signalid is None else str(signalid)
