"""The rows of ``user_vitals``: what Vitals7 shows of a Withings record.

This is a wire contract: the app, its API and the other connectors read these rows, and the
connector that came before wrote them, so names, digits and rounding are kept to the byte.
"""

from dataclasses import dataclass

RECORDED_BY = "Withings"
MOST_SOURCE_ID = 180


@dataclass(frozen=True, slots=True)
class VitalRow:
    """One reading as Vitals7 wants it, for whichever user; the store adds ids and creation."""

    vital_type: str
    value: str
    units: str
    recorded_at: int
    """Epoch seconds."""
    source_id: str
    device_used: str = ""
    recording_context: str = ""
    notes: str = ""

    @property
    def item_key(self) -> str:
        """The sort key; the partition key is the user."""
        return f"VIT#{self.vital_type}#SRC#{self.source_id}#{self.vital_type}"

    @property
    def attributes(self) -> dict[str, str | int]:
        """The projected attributes under their wire names; empty ones are absent."""
        required: dict[str, str | int] = {
            "item_key": self.item_key,
            "vitalType": self.vital_type,
            "value": self.value,
            "units": self.units,
            "recordedAt": self.recorded_at,
            "recordedBy": RECORDED_BY,
            "sourceId": self.source_id,
        }
        optional = {
            "deviceUsed": self.device_used,
            "recordingContext": self.recording_context,
            "notes": self.notes,
        }
        return required | {name: text for name, text in optional.items() if text}
