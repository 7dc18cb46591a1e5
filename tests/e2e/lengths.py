"""How long the proof takes: short in ``make test``, long in ``make proof``."""

import os
import secrets

ROUNDS = int(os.environ.get("PROOF_ROUNDS", "10"))
"""Rounds of random lives, on each engine."""

SEED = int(os.environ.get("PROOF_SEED") or secrets.randbelow(10**6))
"""The seed of the first round; the next has the next."""

LONG = "PROOF_ROUNDS" in os.environ

OUTAGE_SECONDS = 20 if LONG else 8
"""How long a store is silent: longer than any deadline for it, and in the long proof than any lease."""
