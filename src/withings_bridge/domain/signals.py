"""Signals: the curve of an ECG, the sound of a stethoscope, and the recordings that name them."""

from collections.abc import Mapping
from enum import StrEnum

from withings_bridge.domain.records import Kind, Record, RecordKey


class Signal(StrEnum):
    """What was recorded. Each numbers its signals by itself."""

    ECG = "ecg"
    STETHO = "stetho"

    def key_of(self, signalid: str) -> RecordKey:
        """Under what a signal is stored."""
        return RecordKey(Kind.SIGNAL, f"{self}/{signalid}")

    def of(self, recording: Record) -> RecordKey | None:
        """The signal that a recording names; None where it names none of these."""
        match recording.kind:
            case Kind.HEART:
                part = recording.body.get(self)
            case Kind.STETHO if self is Signal.STETHO:
                part = recording.body
            case _:
                return None
        signalid = part.get("signalid") if isinstance(part, Mapping) else None
        return None if signalid is None else self.key_of(str(signalid))


def signals_of(recording: Record) -> frozenset[RecordKey]:
    """The signals that a recording names; a cuff may take an ECG and sounds together."""
    return frozenset(name for signal in Signal if (name := signal.of(recording)))
