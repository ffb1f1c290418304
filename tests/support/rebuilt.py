"""Wheels of what the test environment has installed, so that an index can offer real tools."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@dataclass(frozen=True)
class RebuiltWheel:
    """A wheel made of an installed distribution's files, as RECORD lists them."""

    distribution: Distribution

    @property
    def name(self) -> str:
        """The distribution's name."""
        return str(self.distribution.metadata["Name"])

    @property
    def version(self) -> str:
        """The version."""
        return self.distribution.version

    @property
    def requires_python(self) -> str:
        """`Requires-Python`."""
        return str(self.distribution.metadata["Requires-Python"] or ">=3.8")

    @property
    def metadata(self) -> str:
        """METADATA."""
        return self.distribution.read_text("METADATA") or ""

    @property
    def filename(self) -> str:
        """The name that the wheel had; several tags are compressed (PEP 425)."""
        text = self.distribution.read_text("WHEEL") or ""
        tags = [tag.split("-") for tag in re.findall(r"^Tag: (\S+)", text, re.MULTILINE)]
        parts = (".".join(sorted(set(part))) for part in zip(*tags, strict=True))
        stem = re.sub(r"[-_.]+", "_", self.name).lower()
        return "-".join([stem, self.version, *parts]) + ".whl"

    @cached_property
    def content(self) -> bytes:
        """The archive's bytes."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for path in self.distribution.files or []:
                if ".." not in path.parts and "__pycache__" not in path.parts:
                    archive.writestr(zipfile.ZipInfo(str(path)), Path(path.locate()).read_bytes())
        return buffer.getvalue()


def with_dependencies(name: str) -> list[RebuiltWheel]:
    """A distribution of this environment and all that it needs here."""
    found: dict[str, Distribution] = {}
    waiting = [name]
    while waiting:
        current = canonicalize_name(waiting.pop())
        if current not in found:
            found[current] = distribution(current)
            waiting += _needs(found[current].requires or [])
    return [RebuiltWheel(each) for _, each in sorted(found.items())]


def _needs(requirements: Iterable[str]) -> Iterator[str]:
    """Names without the extras of their own; extras asked of others are few, and installed."""
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name
            extras = requirement.extras
            for nested in distribution(requirement.name).requires or [] if extras else []:
                inner = Requirement(nested)
                if inner.marker and any(inner.marker.evaluate({"extra": each}) for each in extras):
                    yield inner.name
