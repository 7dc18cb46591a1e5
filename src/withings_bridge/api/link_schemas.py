"""Requests and replies about a user's link."""

from typing import Literal

from pydantic import ConfigDict, Field

from withings_bridge.api.schemas import Reply, UserRequest
from withings_bridge.services.inbox.registering import Registered
from withings_bridge.services.links.leaving import Disconnected
from withings_bridge.services.links.subscriptions import Registration


class InitiateReply(Reply):
    """A way in for a user's browser."""

    model_config = ConfigDict(populate_by_name=True)

    auth_url: str = Field(
        alias="authUrl",
        description="Open it in a pop-up: it works once, and for two minutes.",
        examples=["https://bridge.example.org/login?ticket=..."],
    )
    message: str = Field(
        "Open authUrl in the browser to connect Withings.",
        description="What to do with it.",
        examples=["Open authUrl in the browser to connect Withings."],
    )


class ConfigureReply(Reply):
    """Heard."""

    success: Literal[True] = Field(True, description="Always.")
    message: str = Field(
        "Every call says which user it means; nothing needs to be configured.",
        description="The same for people.",
        examples=["Every call says which user it means; nothing needs to be configured."],
    )


class RegistrationResult(Reply):
    """Whether Withings announces one category."""

    appli: int = Field(description="Withings' number of the category.", examples=[1])
    ok: bool = Field(description="Whether Withings announces it to this bridge.", examples=[True])
    status: int | None = Field(
        description="Withings' status: 0 where it does; null where it was not asked, or said nothing.",
        examples=[0],
    )
    error: str | None = Field(None, description="Why not, for people; null where it does.", examples=[None])

    @classmethod
    def of(cls, registration: Registration) -> "RegistrationResult":
        return cls(
            appli=registration.appli,
            ok=registration.confirmed,
            status=registration.status,
            error=registration.reason,
        )


class RegisterReply(Reply):
    """What Withings announces of a user, one result for each category that is configured."""

    model_config = ConfigDict(populate_by_name=True)

    success: bool = Field(description="Whether it announces all of them.", examples=[True])
    webhook_url: str = Field(
        alias="webhookUrl",
        description="Where Withings posts to; its secret is not shown.",
        examples=["https://bridge.example.org/webhook/withings"],
    )
    skipped: bool = Field(
        description="Whether nothing had to be subscribed: all that can be was there already.",
        examples=[False],
    )
    results: list[RegistrationResult] = Field(
        description="One for each category that is configured, in the order of `WITHINGS_NOTIFY_APPLIS`."
    )

    @classmethod
    def of(cls, registered: Registered) -> "RegisterReply":
        return cls(
            success=all(one.confirmed for one in registered.registrations),
            webhook_url=registered.webhook_url,
            skipped=registered.skipped,
            results=[RegistrationResult.of(one) for one in registered.registrations],
        )


class DisconnectRequest(UserRequest):
    """Whose link to end. The user must be named."""

    purge: bool = Field(False, description="Delete what Withings has brought, too.")


class DisconnectReply(Reply):
    """The link is ended."""

    success: Literal[True] = Field(True, description="Also where nothing was linked.")
    message: str = Field(description="What was done, for people.", examples=["Withings is disconnected."])

    @classmethod
    def of(cls, disconnected: Disconnected) -> "DisconnectReply":
        return cls(message=disconnected.message)
