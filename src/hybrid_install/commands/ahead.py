"""Whether a Poetry may be started before it is needed."""

from __future__ import annotations

from hybrid_install.commands.fast_finish import is_fast
from hybrid_install.commands.prepare import Preparation
from hybrid_install.tools.poetry import Poetry


def poetry_apart(preparation: Preparation) -> Poetry | None:
    """The Poetry that ends such a run by plain `poetry install`.

    None where there is no such one, or it lives in the environment that uv is about to change.
    """
    poetry, target = preparation.poetry, preparation.target
    is_plain = not (preparation.no_editable or preparation.provision.is_given)
    if poetry is None or not is_plain or is_fast(preparation) or not target.is_virtual:
        return None
    return None if poetry.prefix == target.path else poetry
