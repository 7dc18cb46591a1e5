"""The switches that can be thrown while the sandbox runs: its strictness, and what befalls notifications.

Where no source says how Withings behaves, both answers can be had, and the harsh one is the
default. What goes wrong with single calls is in `mishaps`.
"""

from pydantic import BaseModel, ConfigDict, Field


class Faults(BaseModel):
    """What the cloud enforces and what goes wrong in it, all adjustable at run time."""

    model_config = ConfigDict(extra="forbid")

    quota: bool = Field(True, description="Enforce the application's calls per minute (status 601).")
    same_arguments: bool = Field(True, description="Refuse an identical call within 10 s (status 601).")
    duplicate_notifications: bool = Field(False, description="Deliver each new notification twice.")
    hold_notifications: bool = Field(
        False, description="Keep new notifications back until this is switched off or they are released."
    )
    lose_notifications: bool = Field(False, description="Never deliver new notifications.")
    duplicate_subscriptions: bool = Field(
        False, description="Subscribing again to the same category and URL adds a second subscription."
    )
    deletions_show_after_seconds: int = Field(
        0, ge=0, description="How long a deleted record is still served after its notification."
    )
    old_access_token_survives: bool = Field(
        False, description="A refreshed access token stays valid until its own expiry."
    )
    second_refresh_repeats_pair: bool = Field(
        False, description="Refreshing again with the old token gives the same new pair, not another."
    )
    consent_ends_older_pairs: bool = Field(
        True, description="A second consent of the same person ends the first pair as a refresh would."
    )
    dates_beside_lastupdate: bool = Field(
        False, description="Accept lastupdate together with dates (lastupdate wins) instead of status 503."
    )
    bare_activity_metrics: bool = Field(
        True,
        description="getactivity without data_fields returns the nine basic metrics, as a recorded reply "
        "suggests; off, it returns none.",
    )
