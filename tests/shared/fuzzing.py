"""The number of random examples with which a law is tested.

With FUZZ_EXAMPLES=20000 in the environment, laws are tested with that many random examples, not always the same few.
"""

import os

from hypothesis import HealthCheck, Phase, settings

IS_LONG = "FUZZ_EXAMPLES" in os.environ


def law(examples=200, *, costs=1, shrinks=True):
    """The settings of a law; a law that `costs` several times as much as others has correspondingly fewer examples."""
    return settings(
        database=None,
        deadline=None,
        derandomize=not IS_LONG,
        max_examples=max(examples, int(os.environ["FUZZ_EXAMPLES"]) // costs) if IS_LONG else examples,
        phases=list(Phase) if shrinks else [Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    )
