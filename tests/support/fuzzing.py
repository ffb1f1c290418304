"""How many inputs a test is given: a few for each change, more by `scripts/reliability.sh`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, Phase, settings

VARIABLE = "HYBRID_INSTALL_FUZZ_EXAMPLES"

Test = TypeVar("Test", bound=Callable[..., None])

# Fixtures are folders that each example writes over; a whole document takes a while to draw.
_LENIENT = (
    HealthCheck.function_scoped_fixture,
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.large_base_example,
)


def fuzzed(examples: int = 60) -> Callable[[Test], Test]:
    """As many inputs, the same ones each time; where `VARIABLE` is set, that many, and others."""
    wanted = os.environ.get(VARIABLE)
    return settings(
        max_examples=int(wanted) if wanted else examples,
        derandomize=not wanted,
        database=None,
        deadline=None,
        # What `explicit` and `generate` find is small enough, and to shrink it may take minutes.
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=_LENIENT,
    )
