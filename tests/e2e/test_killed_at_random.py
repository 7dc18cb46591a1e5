"""Rounds of random lives and deaths: whatever happened, in the end the store equals Withings.

``PROOF_ROUNDS`` says how many, ``PROOF_SEED`` from which seed on; a round that fails tells its own.
"""

from random import Random

import pytest

from e2e.lengths import ROUNDS, SEED
from e2e.lives import Life
from e2e.trial import Trial

pytestmark = [pytest.mark.e2e, pytest.mark.proof]


class TestARound:
    @pytest.mark.parametrize("number", range(ROUNDS))
    def test_ends_with_a_store_equal_to_withings(self, lasting_trial: Trial, number: int) -> None:
        chance = Random(SEED + number)  # noqa: S311 - a life, not a secret
        life = Life(lasting_trial, chance)
        try:
            person = life.round()
            lasting_trial.check(person)
            lasting_trial.disconnect(person.user, purge=True)
        except BaseException as error:
            story = "\n  ".join(life.story)
            error.add_note(f"PROOF_SEED={SEED + number} PROOF_ROUNDS=1 repeats this round:\n  {story}")
            raise
