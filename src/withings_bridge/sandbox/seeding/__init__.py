"""Plausible, correlated data of people who do not exist, the same again for the same seed and day."""

from withings_bridge.sandbox.seeding.history import seed_people

__all__ = ["seed_people"]
