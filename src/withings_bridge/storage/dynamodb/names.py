"""What things are called in DynamoDB: tables and indexes. Imports nothing heavy."""

from dataclasses import dataclass

from withings_bridge.domain.inbox import Lane

BY_TIME = "by_time"
BY_CHANGE = "by_change"
BY_DAY = "by_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableNames:
    """The tables. The first two are shared with Vitals7 and its other connectors."""

    tokens: str = "vitals-di-tokens"
    vitals: str = "user_vitals"
    accounts: str = "withings-bridge-accounts"
    records: str = "withings-bridge-records"
    ephemera: str = "withings-bridge-ephemera"
    trail: str = "withings-bridge-trail"


def due_attribute(lane: Lane) -> str:
    """The attribute that is there only while the account has work in the lane."""
    return f"{lane}_due"


def due_index(lane: Lane) -> str:
    """The index over that attribute."""
    return f"by_{due_attribute(lane)}"
