"""How the project is bound: what a receipt says of it, and whether Poetry would bind it again."""

from __future__ import annotations

from hybrid_install.commands.prepare import Preparation
from hybrid_install.core.binding import binding_inputs, is_harmless
from hybrid_install.core.distribution import Distribution
from hybrid_install.core.model import normalize_name
from hybrid_install.core.settings import Finish
from hybrid_install.environment.binding import binding_of
from hybrid_install.environment.root import is_bound
from hybrid_install.tools import poetry_core


def binding(preparation: Preparation) -> str | None:
    """What the project is bound from, and what is there of it, as one value.

    None where it is not bound, or where somebody has a say in it whom nobody can foresee: a build
    script, a plugin, a Poetry of which not all can be seen.
    """
    inputs, target = preparation.inputs, preparation.target
    if not preparation.binds_root or preparation.no_editable or not target.is_virtual:
        return None
    reads, root, poetry = binding_inputs(inputs.pyproject), _root(preparation), _poetry(preparation)
    if reads is None or root is None or poetry is None:
        return None
    return binding_of(root, reads, inputs.project_dir, poetry)


def _root(preparation: Preparation) -> Distribution | None:
    """The project as it is installed, if it is, once, and as Poetry does it."""
    name = normalize_name(preparation.inputs.project.name or "")
    found = [each for each in preparation.distributions() if each.name == name]
    if len(found) != 1 or not is_bound(found[0], preparation.inputs.project_dir):
        return None
    return found[0]


def _poetry(preparation: Preparation) -> str | None:
    """What binds, by its version; None for a Poetry that is not sure to be alone.

    One that uv provides has no plugins.
    """
    if preparation.inputs.settings.finish is Finish.POETRY_CORE:
        return f"poetry-core {poetry_core.version()}"
    poetry = preparation.poetry
    if poetry is None:
        return preparation.inputs.lock.generated_by
    plugins = poetry.plugins()
    if plugins is None:
        return None
    is_alone = preparation.request.no_plugins or all(map(is_harmless, plugins))
    return poetry.version if is_alone else None
