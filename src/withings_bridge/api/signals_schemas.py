"""Signals as the read API tells them: the curve of an ECG, the sound of a stethoscope."""

from typing import Any, Literal

from pydantic import Field

from withings_bridge.api.readings_schemas import Camel
from withings_bridge.api.schemas import WithingsRecord
from withings_bridge.domain.devices import DEVICE_MODELS

Number = int | float


class SignalReply(Camel):
    """A recording, sample by sample."""

    signal: list[Number] = Field(
        description="The samples in their order; none where Withings has none.", examples=[[12, 15, 11, -3]]
    )
    sampling_frequency: Number | None = Field(description="Samples a second.", examples=[300])
    model: int | None = Field(description="Number of the device's model, where it is told.", examples=[93])
    model_name: str | None = Field(description="Its name, where one is known.", examples=["ScanWatch"])
    record: WithingsRecord | None = Field(
        description="What else Withings sends with it, if `record` asks for it.", examples=[{"channel": 1}]
    )


class EcgSignal(SignalReply):
    """The curve of an ECG."""

    unit: Literal["uV"] = Field("uV", description="Of the samples: microvolt.")
    wear_position: int | None = Field(description="Withings' number of where it was worn.", examples=[1])

    @classmethod
    def of(cls, body: dict[str, Any], *, record: bool) -> "EcgSignal":
        """Made of Withings' own JSON."""
        return cls(
            sampling_frequency=_number(body.get("sampling_frequency")),
            wear_position=_whole(body.get("wearposition")),
            **_samples(body, record=record),
        )


class StethoSignal(SignalReply):
    """Heart sounds."""

    encoding: Literal["A-law G.711"] = Field("A-law G.711", description="How each sample is written.")
    duration: Number | None = Field(description="As Withings tells it.", examples=[25])

    @classmethod
    def of(cls, body: dict[str, Any], *, record: bool) -> "StethoSignal":
        """Made of Withings' own JSON."""
        return cls(
            sampling_frequency=_number(body.get("frequency")),
            duration=_number(body.get("duration")),
            **_samples(body, record=record),
        )


def _samples(body: dict[str, Any], *, record: bool) -> dict[str, Any]:
    """What all signals tell, by field."""
    model = _whole(body.get("model"))
    known = DEVICE_MODELS.get(model) if model is not None else None
    return {
        "signal": [sample for sample in body.get("signal") or () if isinstance(sample, (int, float))],
        "model": model,
        "model_name": known.name if known else None,
        "record": {name: value for name, value in body.items() if name != "signal"} if record else None,
    }


def _number(value: Any) -> Number | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
