"""What passes, a line each at a terminal, in the words of the console."""

from datetime import datetime
from typing import Any

from withings_bridge.sandbox.control import words
from withings_bridge.sandbox.journal import Entry
from withings_bridge.sandbox.world.deliveries import Delivery, DeliveryState


def of_request(entry: dict[str, Any]) -> str:
    """A call, as `/sandbox/requests` shows it."""
    return _line(words.of_request(Entry.model_validate(entry), {}))


def of_delivery(shown: dict[str, Any]) -> str:
    """A notification, as `/sandbox/deliveries` shows it."""
    times = {name: datetime.fromisoformat(shown[name]).timestamp() for name in ("created_at", "due_at")}
    delivery = Delivery(**{**shown, **times, "state": DeliveryState(shown["state"]), "subscription_id": 0})
    return _line(words.of_delivery(delivery, {}))


def _line(line: words.Line) -> str:
    whom = f" for {line.whom}" if line.whom else ""
    return f"{line.at:%H:%M:%S}  {line.what}{whom} ({line.about}): {line.outcome}"
