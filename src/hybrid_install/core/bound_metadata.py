"""Whether what an environment says of the project is what pyproject.toml says.

A run that is cut off leaves the project bound as it was before: to the right folder, with the
dependencies of then.
"""

from __future__ import annotations

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement

from hybrid_install.core.model import normalize_name
from hybrid_install.core.redaction import without_credentials


def outdated(installed: bytes, made: bytes) -> str:
    """How the requirements of one METADATA file differ from those of another, empty if they do not.

    Markers are left out of it: each version of poetry-core has words of its own for them. No
    credentials are in the answer.
    """
    has, wants = _requirements(installed), _requirements(made)
    told = [f"lacks {each}" for each in sorted(wants - has)]
    told += [f"has {each}" for each in sorted(has - wants)]
    return without_credentials(", ".join(told))


def _requirements(metadata: bytes) -> frozenset[str]:
    found, _ = parse_email(metadata)
    return frozenset(map(_without_marker, found.get("requires_dist", ())))


def _without_marker(line: str) -> str:
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return line
    extras = f"[{','.join(sorted(map(normalize_name, requirement.extras)))}]"
    place = f" @ {requirement.url}" if requirement.url else str(requirement.specifier)
    return f"{normalize_name(requirement.name)}{extras if requirement.extras else ''}{place}"
