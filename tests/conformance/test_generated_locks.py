"""What is selected from locks that Poetry has written, for projects of every shape."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from support.environments import (
    LINUX_X86,
    MACOS_ARM,
    PYTHONS,
    RELEASE_CANDIDATE,
    WINDOWS,
    environment,
)
from support.generated_locks import GeneratedProject, UnlockableError, generated_projects
from support.poetry_in_process import Oracle
from support.selections import compare, selections

pytestmark = pytest.mark.conformance

_TARGETS = [
    environment(*target)
    for target in product((*PYTHONS, RELEASE_CANDIDATE), (LINUX_X86, MACOS_ARM, WINDOWS))
]


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(generated_projects(), st.data())
def test_locks_that_poetry_has_written(
    tmp_path_factory: pytest.TempPathFactory,
    tally: Counter[str],
    project: GeneratedProject,
    data: st.DataObject,
) -> None:
    """Some of all options, on every target. What the locks hold is counted too."""
    try:
        folder = project.lock_in(tmp_path_factory.mktemp("generated"))
    except UnlockableError:
        reject()
    poetry = Oracle(folder)
    every = list(selections(poetry))
    asked = data.draw(st.lists(st.sampled_from(every), unique=True, min_size=1, max_size=2))
    compare(folder, poetry, asked, _TARGETS, tally)
