"""Why a reading is not in the app, as the API tells it."""

from datetime import date

from pydantic import Field

from withings_bridge.api.schemas import Instant, Reply
from withings_bridge.domain.explanations import Finding, Stage, Standing
from withings_bridge.services.oversight.explaining import Explained


class FindingReply(Reply):
    """One stage of the way of a reading."""

    stage: Stage = Field(description="Which one.", examples=["announced"])
    standing: Standing = Field(
        description="`done`; `missing`; or `unknown`: it may have been, and nothing here tells.",
        examples=["done"],
    )
    said: str = Field(
        description="What is found, for people.", examples=["Withings announced something of that day."]
    )
    advice: str | None = Field(description="What to do where it is missing.", examples=["Sync the user now."])
    at: Instant | None = Field(description="When it was.", examples=["2026-01-15T07:31:02.000Z"])

    @classmethod
    def of(cls, finding: Finding) -> "FindingReply":
        return cls(
            stage=finding.stage,
            standing=finding.standing,
            said=finding.said,
            advice=finding.advice,
            at=finding.at,
        )


class ExplainReply(Reply):
    """The way of what was measured on a day, from the device to the app."""

    user: str = Field(
        alias="userId",
        description="Cognito `sub` of the user.",
        examples=["0f9d3c1e-7a55-4a0e-9a55-2d1f8b6c7e21"],
    )
    account: str | None = Field(
        description="Withings userid; null for who is not linked.", examples=["12345678"]
    )
    day: date = Field(description="The day, of the person's own calendar.", examples=["2026-01-15"])
    zone: str = Field(description="The zone of that calendar.", examples=["Europe/Paris"])
    verdict: str = Field(
        description="The stage that is missing and what to do, in a sentence or two.",
        examples=["All of it has come through. If the app shows less, reload the app."],
    )
    missing: Stage | None = Field(description="The first stage that is missing.", examples=["device"])
    findings: list[FindingReply] = Field(description="Every stage, in the order of the way.")

    @classmethod
    def of(cls, explained: Explained) -> "ExplainReply":
        missing = explained.explanation.missing
        return cls(
            userId=explained.user,
            account=explained.account,
            day=explained.day,
            zone=explained.zone,
            verdict=explained.explanation.verdict,
            missing=missing.stage if missing else None,
            findings=[FindingReply.of(finding) for finding in explained.explanation.findings],
        )
