"""A pretend Withings cloud: any Withings client can use it in place of the real one.

It knows the facts of Withings and nothing of the bridge, so that it cannot repeat a mistake of
the client it is used to test.
"""

from withings_bridge.sandbox.app import create_sandbox
from withings_bridge.sandbox.clock import Clock
from withings_bridge.sandbox.options import SandboxOptions

__all__ = ["Clock", "SandboxOptions", "create_sandbox"]
