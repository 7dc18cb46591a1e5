"""Requests and replies of the API, under the names the Vitals7 app knows."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from withings_bridge.api.records_shown import ACTIVITY_DAY, DEVICE, NIGHT, WEIGH_IN
from withings_bridge.domain.readings import Reading
from withings_bridge.domain.records import Kind
from withings_bridge.services.oversight.reporting import NEWEST_HELD_BACK, Status, Summary

Instant = Annotated[
    datetime,
    PlainSerializer(
        lambda at: at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        return_type=str,
    ),
]
"""ISO 8601 with milliseconds and ``Z``."""

WithingsRecord = dict[str, Any]
"""One record as Withings sends it; open, since Withings adds fields before it documents them."""


class Reply(BaseModel):
    """A reply or a part of one: built when the first of its kind is given, not while a bridge starts."""

    model_config = ConfigDict(defer_build=True)


class FieldProblem(Reply):
    """What is wrong with one field of a request."""

    field: str = Field(description="Its name.", examples=["cognitoUserId"])
    problem: str = Field(
        description="What is wrong with it; never its value.",
        examples=["String should have at most 128 characters"],
    )


class ErrorReply(Reply):
    """What every error says."""

    error: str = Field(
        description="What was wrong and what to do.", examples=["No Withings account is linked"]
    )
    code: str = Field(description="The same for programs.", examples=["not_linked"])
    detail: list[FieldProblem] | None = Field(
        None,
        description="The fields that are wrong; absent where it is about none.",
        examples=[[{"field": "cognitoUserId", "problem": "String should have at most 128 characters"}]],
    )
    request_id: str = Field(
        description="The reply's `X-Request-ID`, by which the operator finds it in the log.",
        examples=["5f1d0c9a77e3b204"],
    )

    @property
    def content(self) -> dict[str, Any]:
        """As it is sent."""
        return self.model_dump(exclude_none=True)


class HealthReply(Reply):
    """The process is alive."""

    status: Literal["ok"] = Field("ok", description="Always.")
    version: str = Field(description="Version of the bridge.", examples=["0.1.0"])


class ReadyReply(Reply):
    """Whether the bridge can do its work, part by part."""

    status: Literal["ready", "not ready", "stopping"] = Field(
        description="`not ready` with a silent store, or a worker that stands still; `stopping` once it was "
        "told to stop: requests are answered, and better sent elsewhere.",
        examples=["ready"],
    )
    store: Literal["answers", "silent"] = Field(
        description="Whether the store answered just now.", examples=["answers"]
    )
    worker: Literal["goes round", "stands still"] = Field(
        description="Whether this process fetches what is announced.", examples=["goes round"]
    )
    credentials: Literal["not refused", "refused"] = Field(
        description="Whether Withings refused the client id and secret when this process used them last.",
        examples=["not refused"],
    )
    paused_until: Instant | None = Field(
        None,
        description="Withings asked everybody to wait until then; null: nobody waits.",
        examples=["2026-03-02T12:01:00.000Z"],
    )


class LinkedStatus(Reply):
    """A linked user."""

    authenticated: Literal[True] = Field(True, description="Withings is linked and honours the link.")
    userid: str = Field(description="Withings' id of the person.", examples=["12345678"])
    access_token_preview: str = Field(
        description="Its first 12 characters and `...`; to services, which are neither the user nor an "
        "operator, `...` alone.",
        examples=["a1b2c3d4e5f6..."],
    )
    token_age_minutes: int = Field(description="Minutes since the token pair was saved.", examples=[12])
    expires_in_minutes: int = Field(description="Minutes until the access token ends.", examples=[168])
    last_sync: Instant | None = Field(
        description="The last settled sync.", examples=["2026-01-15T07:31:02.000Z"]
    )
    last_data_fetch: Instant | None = Field(
        description="The last data reply of Withings.", examples=["2026-01-15T07:31:02.000Z"]
    )
    importing: float | None = Field(
        description="The share of the import that is done, while one runs; else null.",
        examples=[0.43],
        ge=0,
        le=1,
    )
    held_back: int = Field(
        description="Measure groups that may be another person's, and are stored but not shown until "
        f"Withings settles whose they are: those of the import window among the newest {NEWEST_HELD_BACK}.",
        examples=[1],
    )
    last_held_back: Instant | None = Field(
        description="When the newest of them was taken.", examples=["2026-01-15T07:30:41.000Z"]
    )

    @classmethod
    def of(cls, status: Status, *, with_token: bool) -> "LinkedStatus":
        return cls(
            userid=status.account,
            access_token_preview=status.access_token_preview if with_token else "...",
            token_age_minutes=int(status.token_age.total_seconds() // 60),
            expires_in_minutes=int(status.expires_in.total_seconds() // 60),
            last_sync=status.synced_at,
            last_data_fetch=status.fetched_at,
            importing=status.importing,
            held_back=status.held_back.groups,
            last_held_back=status.held_back.newest_at,
        )


class UnlinkedStatus(Reply):
    """Nobody to report on, and why."""

    authenticated: Literal[False] = Field(False, description="There is no link that works.")
    message: str = Field(description="What to do.", examples=["No Withings account is linked"])


class ConnectionReply(Reply):
    """Whether a user is connected, in short."""

    model_config = ConfigDict(populate_by_name=True)

    connected: bool = Field(description="Whether Withings is linked and honours the link.", examples=[True])
    has_data: bool = Field(
        alias="hasData", description="Whether anything has been brought yet.", examples=[True]
    )
    userid: str | None = Field(
        description="Withings' id of the person; null without a link.", examples=["12345678"]
    )
    message: str = Field(description="The same for people.", examples=["Withings is connected."])

    @classmethod
    def of(cls, status: Status) -> "ConnectionReply":
        message = "Withings is connected." if status.has_data else "Withings is connected; no data came yet."
        return cls(connected=True, has_data=status.has_data, userid=status.account, message=message)

    @classmethod
    def without(cls, message: str) -> "ConnectionReply":
        return cls(connected=False, has_data=False, userid=None, message=message)


class UserRequest(BaseModel):
    """Who is meant; no id: the caller's own user, else the only linked one."""

    model_config = ConfigDict(extra="ignore")

    cognito_user_id: str | None = Field(
        None,
        alias="cognitoUserId",
        description="Cognito `sub`.",
        examples=["0f9d3c1e-7a55-4a0e-9a55-2d1f8b6c7e21"],
        max_length=128,
    )
    user_id: str | None = Field(
        None, alias="userId", description="The same under another name.", max_length=128
    )

    @property
    def user(self) -> str | None:
        """Who is named, by either name."""
        return self.cognito_user_id or self.user_id


class SyncRequest(UserRequest):
    """Whose data to bring up to date; no id: the caller's own user, else the only linked one."""

    full: bool = Field(
        False,
        description="Import the whole history, whatever was imported before. It goes on by itself where it "
        "takes longer than a caller waits; `/api/status` says how far it is.",
    )


class Weight(Reply):
    """The latest weight."""

    value: float = Field(description="In kg.", examples=[81.3])
    unit: Literal["kg"] = Field("kg", description="Always the same.")
    date: Instant = Field(description="When it was taken.", examples=["2026-01-15T07:30:41.000Z"])

    @classmethod
    def of(cls, reading: Reading) -> "Weight":
        return cls(value=float(reading.value), date=reading.at)


class BodyComposition(Reply):
    """The latest value of each, in metric units; null where unknown."""

    model_config = ConfigDict(populate_by_name=True)

    height: float | None = Field(None, description="m", examples=[1.78])
    bmi: float | None = Field(None, description="kg/m²", examples=[25.7])
    fat_mass: float | None = Field(None, alias="fatMass", description="kg", examples=[16.4])
    fat_ratio: float | None = Field(None, alias="fatRatio", description="%", examples=[20.2])
    muscle_mass: float | None = Field(None, alias="muscleMass", description="kg", examples=[61.7])
    bone_mass: float | None = Field(None, alias="boneMass", description="kg", examples=[3.2])
    body_water: float | None = Field(None, alias="bodyWater", description="kg", examples=[44.8])
    fat_free_mass: float | None = Field(None, alias="fatFreeMass", description="kg", examples=[64.9])

    @classmethod
    def of(cls, values: dict[str, Decimal]) -> "BodyComposition":
        metrics = {
            "height": "height",
            "bmi": "bmi",
            "fat_mass": "fat_mass",
            "fat_ratio": "fat_ratio",
            "muscle_mass": "muscle_mass",
            "bone_mass": "bone_mass",
            "body_water": "hydration",
            "fat_free_mass": "fat_free_mass",
        }
        return cls(**{name: float(values[metric]) for name, metric in metrics.items() if metric in values})


class SummaryReply(Reply):
    """The user's latest body from all that is stored, and records as Withings sends them: a sync answers
    with those that it fetched, `data` with all of the import windows.
    """

    model_config = ConfigDict(populate_by_name=True)

    connected: Literal[True] = Field(True, description="Who is not linked gets 401.")
    last_synced: Instant | None = Field(
        alias="lastSynced", description="The last settled sync.", examples=["2026-01-15T07:31:02.000Z"]
    )
    userid: str = Field(description="Withings' id of the person.", examples=["12345678"])
    devices: list[WithingsRecord] = Field(description="Withings' `devices`.", examples=[[DEVICE]])
    weight: Weight | None = Field(description="The latest weight; null until there is one.")
    body_composition: BodyComposition = Field(alias="bodyComposition")
    activity: list[WithingsRecord] = Field(description="Withings' `activities`.", examples=[[ACTIVITY_DAY]])
    sleep: list[WithingsRecord] = Field(description="Withings' sleep summary `series`.", examples=[[NIGHT]])
    metrics: list[WithingsRecord] = Field(description="Withings' `measuregrps`.", examples=[[WEIGH_IN]])

    @classmethod
    def of(cls, summary: Summary) -> "SummaryReply":
        return cls(
            last_synced=summary.synced_at,
            userid=summary.account,
            devices=summary.records.get(Kind.DEVICE, []),
            weight=Weight.of(summary.weight) if summary.weight else None,
            body_composition=BodyComposition.of(summary.composition),
            activity=summary.records.get(Kind.ACTIVITY, []),
            sleep=summary.records.get(Kind.SLEEP, []),
            metrics=summary.records.get(Kind.MEASURES, []),
        )
