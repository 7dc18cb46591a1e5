"""Everything the pretend cloud remembers, in one SQLite database."""

from withings_bridge.sandbox.world.database import World

__all__ = ["World"]
