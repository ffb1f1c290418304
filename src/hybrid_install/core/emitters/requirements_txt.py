"""requirements.txt and constraints.txt, the same to the byte for the same map.

A path is relative to the project's folder: pip and uv read it from where they are started.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hybrid_install.core.emitters.exported import Exported
from hybrid_install.core.model import Index
from hybrid_install.core.plan import Operation
from hybrid_install.core.redaction import without_credentials
from hybrid_install.core.requirements import (
    requirements_txt,
    where,
)

_OURS = re.compile(
    r"# The (?:requirements map|constraints) of poetry\.lock for .*by hybrid-install"
)

WITHOUT_INDEX = "requirements-no-index.txt"
"""The file of `per_source` for what comes from no index."""


def is_ours(text: str) -> bool:
    """Whether a file was written here, by its first line."""
    return _OURS.match(text) is not None


def requirements_text(exported: Exported) -> str:
    """The map as one requirements.txt.

    Each index has a section that begins with its name and url as a comment; what only Poetry
    installs is listed as comments, with its reason.
    """
    sections = [_head(exported)]
    for index, requirements in exported.requirements.by_index:
        sections.append(f"{_index_comment(index)}{requirements_txt(requirements)}")
    return "\n".join([*sections, *_without_index(exported)])


def per_source(exported: Exported) -> Mapping[str, str]:
    """The map as files by name, one for each index, so that each can be installed from its own."""
    files: dict[str, str] = {}
    for index, requirements in exported.requirements.by_index:
        text = f"{_index_comment(index)}{requirements_txt(requirements)}"
        files[_file_name(index, files)] = f"{_head(exported)}\n{text}"
    if sections := _without_index(exported):
        files[WITHOUT_INDEX] = "\n".join([_head(exported), *sections])
    return files


def _file_name(index: Index, taken: Iterable[str]) -> str:
    """`requirements-<index>.txt`; names that become the same are numbered."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", index.name.lower())
    name, number = f"requirements-{plain}.txt", 1
    while name in {*taken, WITHOUT_INDEX}:
        number += 1
        name = f"requirements-{plain}-{number}.txt"
    return name


def _head(exported: Exported) -> str:
    return f"# The requirements map of poetry.lock for {exported.target}, by hybrid-install.\n"


def _index_comment(index: Index) -> str:
    if index.url is None:
        return "# index: the default index\n"
    return f"# index: {index.name} {without_credentials(index.url)}\n"


def _without_index(exported: Exported) -> list[str]:
    sections = []
    if direct := exported.requirements.direct:
        lines = "".join(f"{each.portable_line()}\n" for each in direct)
        sections.append(f"# from no index:\n{lines}")
    return [*sections, *_left_out(exported)]


def _left_out(exported: Exported) -> list[str]:
    sections = []
    if exported.deferred:
        sections.append("# left to Poetry:\n" + "".join(map(_comment, exported.deferred)))
    if exported.provided:
        lines = "".join(f"# {each.name} {each.version}\n" for each in exported.provided)
        sections.append(f"# provided by the environment:\n{lines}")
    return sections


def _comment(operation: Operation) -> str:
    return f"# {operation.name} {operation.version} ({operation.source}): {operation.reason}\n"


def constraints_text(exported: Exported) -> str:
    """The pins alone, as pip takes constraints: no hashes, no urls, nothing editable."""
    mapped = exported.requirements
    editable = [each for each in mapped.direct if each.develop]
    constrained = (each for each in mapped.everything if each not in editable)
    pins = sorted(where(each.pin, each.marker) for each in constrained)
    sections = [f"# The constraints of poetry.lock for {exported.target}, by hybrid-install.\n"]
    sections += ["".join(f"{pin}\n" for pin in pins)] if pins else []
    if editable:
        lines = "".join(f"# {each.name} {each.version}\n" for each in editable)
        sections.append(f"# editable, which no constraint can be:\n{lines}")
    return "\n".join([*sections, *_left_out(exported)])
