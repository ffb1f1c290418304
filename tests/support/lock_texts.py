"""A project's two files as values that a test changes in one point, and writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tomlkit

from hybrid_install.core.freshness import content_hash


@dataclass(frozen=True)
class LockedText:
    """One `[[package]]`. `source` is a name of a source, None for the default index.

    Where it `is_turned` its files come in the other order.
    """

    name: str
    version: str = "1.0"
    hashes: tuple[str, ...] = ("0" * 64,)
    source: str | None = None
    groups: tuple[str, ...] = ("main",)
    description: str = ""
    is_turned: bool = False

    def table(self, urls: Mapping[str, str]) -> dict[str, Any]:
        """The entry of the lock."""
        stem = f"{self.name.replace('-', '_')}-{self.version}"
        files = [
            {"file": f"{stem}-{number}-py3-none-any.whl", "hash": f"sha256:{each}"}
            for number, each in enumerate(self.hashes)
        ]
        entry: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "description": self.description,
            "optional": False,
            "python-versions": "*",
            "groups": list(self.groups),
            "files": files[::-1] if self.is_turned else files,
        }
        if self.source:
            url = urls[self.source]
            entry["source"] = {"type": "legacy", "url": url, "reference": self.source}
        return entry


@dataclass(frozen=True)
class ProjectText:
    """pyproject.toml and poetry.lock, written with a lock that is fresh.

    Where all sources are of the `priority` primary there is no default index.
    """

    packages: tuple[LockedText, ...]
    sources: Mapping[str, str] = field(default_factory=dict)
    version: str = "1.0"
    own: Mapping[str, Any] = field(default_factory=dict)
    comment: str = ""
    priority: str = "supplemental"

    def changed(self, name: str, **facts: Any) -> ProjectText:
        """The same but for one package."""
        packages = [replace(each, **facts) if each.name == name else each for each in self.packages]
        return replace(self, packages=tuple(packages))

    def write(self, folder: Path) -> None:
        """Put both files there."""
        folder.mkdir(parents=True, exist_ok=True)
        document = self._pyproject()
        (folder / "pyproject.toml").write_text(
            f"{self.comment}\n{tomlkit.dumps(document)}\n{self.comment}\n", "utf-8"
        )
        lock = {
            "package": [each.table(self.sources) for each in self.packages],
            "metadata": {
                "lock-version": "2.1",
                "python-versions": ">=3.8",
                "content-hash": content_hash(document),
            },
        }
        (folder / "poetry.lock").write_text(f"{self.comment}\n{tomlkit.dumps(lock)}", "utf-8")

    def _pyproject(self) -> dict[str, Any]:
        # The lock is what counts: what a project asks for is no part of these tests.
        names = sorted(each.name for each in self.packages)
        poetry: dict[str, Any] = {"packages": [{"include": "x"}]}
        if self.sources:
            poetry["source"] = [
                {"name": name, "url": url, "priority": self.priority}
                for name, url in self.sources.items()
            ]
        return {
            "project": {
                "name": "x",
                "version": self.version,
                "requires-python": ">=3.8",
                "dependencies": names,
            },
            "tool": {"poetry": poetry, "hybrid-install": dict(self.own)},
        }
