"""What is refused where the whole run is Poetry's."""

from __future__ import annotations

from pathlib import Path

import pytest

from hybrid_install.commands.refusals import refuse_what_only_we_do
from hybrid_install.commands.request import Request
from hybrid_install.core.deferral import Handover
from hybrid_install.core.settings import Settings
from hybrid_install.errors import TargetError


@pytest.mark.parametrize(
    ("request_", "option"),
    [
        (Request(directory=Path(), environ={}, require_hashes=True), "--require-hashes"),
        (Request(directory=Path(), environ={}, no_build=True), "--no-build"),
    ],
)
def test_a_poetry_that_does_it_all_is_held_to_no_demand(request_: Request, option: str) -> None:
    with pytest.raises(TargetError, match=f"^{option} cannot be heeded"):
        refuse_what_only_we_do(request_, Settings(), Handover.BROKEN_ENVIRONMENT)
