"""Signals as the read API tells them: the curve of an ECG, the sound of a stethoscope."""

from typing import Any, Literal, Self

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

    @classmethod
    def of(cls, body: dict[str, Any], *, record: bool) -> Self:
        """Made of Withings' own JSON."""
        model = _whole(body.get("model"))
        known = DEVICE_MODELS.get(model) if model is not None else None
        return cls(
            signal=[sample for sample in body.get("signal") or () if isinstance(sample, (int, float))],
            model=model,
            model_name=known.name if known else None,
            record={name: value for name, value in body.items() if name != "signal"} if record else None,
            **cls.more(body),
        )

    @classmethod
    def more(cls, body: dict[str, Any]) -> dict[str, Any]:
        """What this kind of signal tells beside."""
        raise NotImplementedError


class EcgSignal(SignalReply):
    """The curve of an ECG."""

    unit: Literal["uV"] = Field("uV", description="Of the samples: microvolt.")
    wear_position: int | None = Field(description="Withings' number of where it was worn.", examples=[1])

    @classmethod
    def more(cls, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "sampling_frequency": _number(body.get("sampling_frequency")),
            "wear_position": _whole(body.get("wearposition")),
        }


class StethoSignal(SignalReply):
    """Heart sounds."""

    encoding: Literal["A-law G.711"] = Field("A-law G.711", description="How each sample is written.")
    duration: Number | None = Field(description="As Withings tells it.", examples=[25])

    @classmethod
    def more(cls, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "sampling_frequency": _number(body.get("frequency")),
            "duration": _number(body.get("duration")),
        }


def _number(value: Any) -> Number | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
