"""``python -m withings_bridge`` is the same as ``withings-bridge``."""

from withings_bridge.cli import main

main()
