"""Real wheels and sdists, built in memory and the same to the byte each time."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import re
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

ANY = "py3-none-any"

# A backend inside the sdist itself, without requirements: building needs no index. It says in
# `built_with.txt` how it was told to build, where it was.
_BACKEND = """\
import base64
import hashlib
import json
import os
import zipfile

NAME, VERSION, FILES = {name!r}, {version!r}, {files!r}
INFO = f"{{NAME}}-{{VERSION}}.dist-info"


def get_requires_for_build_wheel(config_settings=None):
    return []


get_requires_for_build_editable = get_requires_for_build_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = dict(FILES)
    told = dict(config_settings or {{}})
    try:
        import buildtool
    except ImportError:
        pass
    else:
        told["buildtool"] = buildtool.VERSION
    if told:
        files[f"{{NAME}}/built_with.txt"] = json.dumps(told, sort_keys=True)
    return _write(wheel_directory, files)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    files = {{path: text for path, text in FILES.items() if path.startswith(INFO)}}
    files[f"{{NAME}}.pth"] = os.path.abspath("src")
    return _write(wheel_directory, files)


def _write(wheel_directory, files):
    record = f"{{INFO}}/RECORD"
    rows = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
        rows.append(f"{{path}},sha256={{digest.decode().rstrip('=')}},{{len(text.encode())}}")
    files[record] = "\\n".join([*(row for row in rows if not row.startswith(record)), f"{{record}},,"])
    filename = f"{{NAME}}-{{VERSION}}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w") as wheel:
        for path, text in files.items():
            wheel.writestr(zipfile.ZipInfo(path), text)
    return filename
"""


@dataclass(frozen=True)
class Release:
    """What a wheel and an sdist of one version have in common.

    The module says its version and `flavour`; `flavour` makes two releases of the same name and
    version differ.
    """

    name: str
    version: str = "1.0"
    requires: tuple[str, ...] = ()
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    console_scripts: Mapping[str, str] = field(default_factory=dict)
    entry_points: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    requires_python: str = ">=3.8"
    flavour: str = "plain"
    modules: Mapping[str, str] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """The import name."""
        return re.sub(r"[-_.]+", "_", self.name).lower()

    @property
    def metadata(self) -> str:
        """METADATA, which is PKG-INFO too."""
        lines = [
            "Metadata-Version: 2.2",
            f"Name: {self.name}",
            f"Version: {self.version}",
            f"Requires-Python: {self.requires_python}",
            *(f"Requires-Dist: {each}" for each in self.requires),
        ]
        for extra, requires in self.extras.items():
            lines.append(f"Provides-Extra: {extra}")
            lines += [f"Requires-Dist: {_with_extra(each, extra)}" for each in requires]
        return "\n".join(lines) + "\n"

    @property
    def code(self) -> dict[str, str]:
        """The files of the import package."""
        text = (
            f'VERSION = "{self.version}"\nFLAVOUR = "{self.flavour}"\n\n\n'
            f'def main():\n    print("{self.name} {self.version} {self.flavour}")\n'
        )
        return {f"{self.module}/__init__.py": text, **self.modules}

    def installed_files(self, tag: str = ANY) -> dict[str, str]:
        """What a wheel of it holds, RECORD included."""
        info = f"{self.module}-{self.version}.dist-info"
        files = {
            **self.code,
            f"{info}/METADATA": self.metadata,
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\n"
            f"Root-Is-Purelib: true\nTag: {tag}\n",
        }
        groups = {"console_scripts": self.console_scripts, **self.entry_points}
        if text := "\n".join(_section(name, each) for name, each in groups.items() if each):
            files[f"{info}/entry_points.txt"] = text
        files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
        return files


@dataclass(frozen=True)
class Wheel:
    """A wheel of `release`. `data` goes to the wheel's .data folder, for example `scripts/run`."""

    release: Release
    tag: str = ANY
    build: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    padding: int = 0

    @property
    def name(self) -> str:
        """The distribution's name."""
        return self.release.name

    @property
    def version(self) -> str:
        """The version."""
        return self.release.version

    @property
    def requires_python(self) -> str:
        """`Requires-Python`."""
        return self.release.requires_python

    @property
    def metadata(self) -> str:
        """METADATA."""
        return self.release.metadata

    @property
    def filename(self) -> str:
        """`name-version[-build]-tag.whl`."""
        stem = f"{self.release.module}-{self.release.version}"
        return "-".join(part for part in (stem, self.build, self.tag) if part) + ".whl"

    @cached_property
    def content(self) -> bytes:
        """The archive's bytes."""
        stem = f"{self.release.module}-{self.release.version}"
        files: dict[str, str] = self.release.installed_files(self.tag)
        files |= {f"{stem}.data/{path}": text for path, text in self.data.items()}
        if self.padding:
            files[f"{self.release.module}/padding.txt"] = _incompressible(self.padding)
        record = f"{stem}.dist-info/RECORD"
        del files[record]
        files[record] = _record(files, record)
        return _zipped(files)

    @property
    def tampered(self) -> bytes:
        """Another archive of the same size that unpacks to the same: only its hash tells."""
        time_of_first_file = slice(10, 12)
        content = bytearray(self.content)
        content[time_of_first_file] = b"\x21\x42"
        return bytes(content)


@dataclass(frozen=True)
class Sdist:
    """An sdist of `release`, which builds itself into a wheel; by default without requirements."""

    release: Release
    build_requires: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The distribution's name."""
        return self.release.name

    @property
    def version(self) -> str:
        """The version."""
        return self.release.version

    @property
    def requires_python(self) -> str:
        """`Requires-Python`."""
        return self.release.requires_python

    @property
    def metadata(self) -> None:
        """An index has no metadata file of an sdist."""

    @property
    def filename(self) -> str:
        """`name-version.tar.gz`."""
        return f"{self.release.module}-{self.release.version}.tar.gz"

    @cached_property
    def content(self) -> bytes:
        """The archive's bytes."""
        folder = f"{self.release.module}-{self.release.version}"
        return _tarred(
            {
                f"{folder}/{path}": text
                for path, text in source_tree(self.release, self.build_requires).items()
            }
        )


@dataclass(frozen=True)
class Repacked(Sdist):
    """An sdist in another format."""

    suffix: str = ".zip"

    @property
    def filename(self) -> str:
        return super().filename.removesuffix(".tar.gz") + self.suffix

    @cached_property
    def content(self) -> bytes:
        if self.suffix == ".tar.bz2":
            return bz2.compress(gzip.decompress(Sdist(self.release).content))
        buffer = io.BytesIO()
        folder = self.filename.removesuffix(self.suffix)
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, text in source_tree(self.release).items():
                archive.writestr(zipfile.ZipInfo(f"{folder}/{path}"), text)
        return buffer.getvalue()


def source_tree(release: Release, build_requires: tuple[str, ...] = ()) -> dict[str, str]:
    """The files of a project that builds `release`: what an sdist or a git repository holds."""
    backend = _BACKEND.format(
        name=release.module, version=release.version, files=release.installed_files()
    )
    return {
        "PKG-INFO": release.metadata,
        "_backend/in_tree.py": backend,
        "pyproject.toml": _pyproject(release, build_requires),
        **{f"src/{path}": text for path, text in release.code.items()},
    }


def sha256(content: bytes) -> str:
    """The hex digest."""
    return hashlib.sha256(content).hexdigest()


def _pyproject(release: Release, build_requires: tuple[str, ...]) -> str:
    requires = ", ".join(f'"{each}"' for each in release.requires)
    return (
        f'[project]\nname = "{release.name}"\nversion = "{release.version}"\n'
        f'requires-python = "{release.requires_python}"\ndependencies = [{requires}]\n\n'
        f"[build-system]\nrequires = {list(build_requires)}\n"
        'build-backend = "in_tree"\nbackend-path = ["_backend"]\n'
    )


def _section(group: str, entries: Mapping[str, str]) -> str:
    return f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())


def _with_extra(requirement: str, extra: str) -> str:
    pin, _, marker = (part.strip() for part in requirement.partition(";"))
    return f"{pin} ; {f'({marker}) and ' if marker else ''}extra == '{extra}'"


def _record(files: Mapping[str, str], own: str) -> str:
    rows = [_row(path, text) for path, text in files.items() if path != own]
    return "\n".join([*rows, f"{own},,"]) + "\n"


def _row(path: str, text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(text.encode())}"


def _incompressible(size: int) -> str:
    """Text of about `size` bytes that no compression shortens much."""
    blocks: Iterable[str] = (
        base64.b85encode(hashlib.sha512(str(number).encode()).digest()).decode()
        for number in range(size // 80)
    )
    return "\n".join(blocks)


def _zipped(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if ".data/scripts/" in path else 0o100644) << 16
            archive.writestr(entry, text)
    return buffer.getvalue()


def _tarred(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(buffer.getvalue(), mtime=0)
