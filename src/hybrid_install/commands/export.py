"""`hybrid-install export`: the requirements map as files, the same to the byte every time."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from hybrid_install.commands.access import index_access
from hybrid_install.commands.doubts import warn_of_the_lock
from hybrid_install.commands.inputs import read_inputs
from hybrid_install.commands.install import failed, find_uv
from hybrid_install.commands.prepare import Preparation, prepare
from hybrid_install.commands.request import Request
from hybrid_install.core.deferral import BuildPolicy
from hybrid_install.core.document import each
from hybrid_install.core.emitters.exported import Exported, export_all, export_one
from hybrid_install.core.emitters.format import Format
from hybrid_install.core.emitters.pylock_toml import FilesOf, Scope, is_pylock_name, pylock_text
from hybrid_install.core.emitters.requirements_txt import (
    constraints_text,
    is_ours,
    per_source,
    requirements_text,
)
from hybrid_install.core.exports import ExportRow
from hybrid_install.core.map_file import left_out, to_json
from hybrid_install.core.model import LockedPackage
from hybrid_install.core.plan import Policy
from hybrid_install.core.tiers import of_tier
from hybrid_install.core.universal import select_everywhere
from hybrid_install.core.uv_config import IndexAccess
from hybrid_install.core.versions import Place, as_specifier, oldest, python_marker
from hybrid_install.environment.cache import cache_dir
from hybrid_install.errors import (
    ExportError,
    InvalidDataError,
    LockfileError,
    ProjectError,
    UsageError,
)
from hybrid_install.files import located
from hybrid_install.regular import read_bytes
from hybrid_install.report import Report, packages, print_file
from hybrid_install.tools.bulk import BulkInstall
from hybrid_install.tools.everywhere import Everywhere
from hybrid_install.tools.process import CommandFailedError, Runner
from hybrid_install.tools.uv import InstallTarget, Uv

_OLDEST_PYTHON = "3.8"
"""Where a project does not say from which Python on it runs."""


@dataclass(frozen=True)
class Order:
    """What is exported, and where to: stdout, a file, a folder, or all that is declared."""

    format: Format = Format.REQUIREMENTS
    universal: bool = False
    output: Path | None = None
    per_source: Path | None = None
    declared: bool = False

    def refuse_conflicts(self, *, checks: bool = False) -> None:
        """`UsageError` for options that cannot be heeded together."""
        places = [each for each in (self.output, self.per_source, self.declared or None) if each]
        if len(places) > 1:
            raise UsageError(
                "--output, --per-source and --all each say where to write", hint="keep one of them"
            )
        if self.per_source and self.format is not Format.REQUIREMENTS:
            raise UsageError(
                f"--per-source writes requirements, not {self.format.value}",
                hint="the other formats name the index of each package themselves, or none",
            )
        if self.format is Format.PYLOCK and self.output and not is_pylock_name(self.output.name):
            raise UsageError(
                f"{self.output}: no installer reads a pylock.toml of that name (PEP 751)",
                hint="name it pylock.toml, or pylock.<name>.toml with a name that has no dot",
            )
        if checks and not places:
            raise UsageError(
                "--check compares files, and none is named",
                hint="name one with --output, a folder with --per-source, or all that are declared"
                " with --all",
            )


Texts = Mapping[Path, str | None]
"""What is to be in which file; None for a file of ours that is to go."""


def export(
    request: Request, report: Report, runner: Runner, order: Order, *, check: str | None = None
) -> None:
    """Write the map; what is installed has no part in it.

    `check` is the command that would write it: then nothing is written, and `ExportError` says
    which file is not up to date.
    """
    order.refuse_conflicts(checks=check is not None)
    texts: dict[Path, str] = {}
    folders: list[Path] = []
    for one_request, one in (
        _declared(request, checks=check is not None) if order.declared else [(request, order)]
    ):
        preparation = prepare(one_request, runner)
        warn_of_the_lock(preparation, report)
        exported = _Export(preparation, one, report)
        if one.output is None and one.per_source is None:
            print_file(exported.text)
            return
        _refuse_overwriting(files := _texts(exported), texts)
        texts |= files
        folders += [one.per_source] if one.per_source else []
    # What one row writes is not what another one has left behind.
    _settle({**dict.fromkeys(_ours(folders)), **texts}, check, report)


def _declared(request: Request, *, checks: bool) -> Iterator[tuple[Request, Order]]:
    """The rows of `exports` in `[tool.hybrid-install]`, each as the options that it stands for.

    Where there are none, none are out of date.
    """
    inputs = read_inputs(request)
    try:
        rows = each(inputs.settings.exports, "tool.hybrid-install.exports", ExportRow.from_dict)
    except InvalidDataError as error:
        raise error.in_file(str(inputs.project_dir / "pyproject.toml")) from None
    if not rows and not checks:
        raise ProjectError(
            "pyproject.toml declares no exports",
            hint='for example: [tool.hybrid-install] exports = [{ file = "requirements.txt" }]',
        )
    for row in rows:
        # Without `..`: a file that two rows name has one name.
        place = Path(os.path.normpath(inputs.project_dir / row.file))
        output, folder = (None, place) if row.per_source else (place, None)
        order = Order(row.format, row.universal, output, folder)
        order.refuse_conflicts()
        yield replace(request, selection=row.selection, tier=row.tier), order


def _texts(exported: _Export) -> Mapping[Path, str]:
    order = exported.order
    if order.output:
        return {order.output: exported.text}
    assert order.per_source is not None  # noqa: S101
    return {order.per_source / name: text for name, text in exported.texts.items()}


def _refuse_overwriting(files: Iterable[Path], others: Container[Path]) -> None:
    """Two rows that write one file: neither would ever be up to date."""
    for path in files:
        if path in others:
            raise ProjectError(
                f"two exports that pyproject.toml declares write {path}",
                hint="name another file, or another folder, in one of the rows of `exports`",
            )


def _ours(folders: Iterable[Path]) -> list[Path]:
    """Files of an earlier export: what a user has put there is left alone."""
    return [
        path
        for folder in folders
        for path in sorted(folder.glob("requirements-*.txt"))
        if is_ours(_read(path) or "")
    ]


@dataclass(frozen=True)
class _Export:
    """One export of a prepared run."""

    preparation: Preparation
    order: Order
    report: Report

    @property
    def text(self) -> str:
        """The whole in one file."""
        self._tell_of_what_is_left_out()
        match self.order.format:
            case Format.REQUIREMENTS:
                return requirements_text(self.exported)
            case Format.CONSTRAINTS:
                return constraints_text(self.exported)
            case Format.JSON:
                environment = None if self.order.universal else self._markers
                return to_json(self.exported, self.preparation.inputs.project, environment)
            case Format.PYLOCK:
                return self._pylock()

    @property
    def texts(self) -> Mapping[str, str]:
        """A file for each index."""
        self._tell_of_what_is_left_out()
        return per_source(self.exported)

    def _tell_of_what_is_left_out(self) -> None:
        left = (
            left_out(self.exported) if self.order.format is Format.JSON else self.exported.deferred
        )
        if left:
            names = ", ".join(it.name for it in left)
            self.report.warn(f"{packages(len(left))} cannot be exported: {names}")
            for it in left:
                self.report.detail(f"{it.name} {it.version}: {it.reason}")

    @property
    def _markers(self) -> Mapping[str, str]:
        return self.preparation.target.interpreter.markers

    @cached_property
    def exported(self) -> Exported:
        """The map that is written."""
        project, policy = self.preparation.inputs.project, self._policy()
        if self.order.universal:
            target = f"every environment with Python {project.python_versions}"
            return export_all(self.packages, project, policy, target)
        target = self.preparation.target.interpreter.description
        return export_one(self.packages, project, policy, target)

    @cached_property
    def packages(self) -> Sequence[LockedPackage]:
        """The packages that are exported."""
        if self.order.universal:
            return self._everywhere()
        if (ambiguity := self.preparation.ambiguity) is not None:
            raise LockfileError(
                f"this lock cannot be exported: {ambiguity.value}",
                hint="`poetry lock` with Poetry 2 or later writes a lock that leaves no choice;"
                " keep installer.re-resolve off with it",
            )
        return self.preparation.selected

    def _everywhere(self) -> Sequence[LockedPackage]:
        inputs = self.preparation.inputs
        if not inputs.lock.has_groups_and_markers:
            raise LockfileError(
                f"a lock of version {inputs.lock.version_text} does not say which package is for"
                " which environment, so it cannot be exported for all",
                hint="`poetry lock` with Poetry 2 or later writes one that does; without"
                " --universal it is exported for one environment",
            )
        tier, heavy = self.preparation.request.tier, inputs.settings.heavy
        selected = of_tier(select_everywhere(inputs.lock, inputs.wanted), tier, heavy)
        return [located(package, inputs.project_dir) for package in selected]

    def _policy(self) -> Policy:
        """Nothing of this machine decides but where one file has to be chosen for it.

        A map for our own later run holds all files: that run has settings of its own.
        """
        is_json = self.order.format is Format.JSON
        chooses = self.order.format is Format.PYLOCK and not self.order.universal
        binary = self.preparation.inputs.config.binary_policy
        return Policy(
            BuildPolicy() if is_json else BuildPolicy(binary),
            self.preparation.tags if chooses else None,
            no_directory=self.preparation.request.no_directory,
            provided=dict.fromkeys(self.preparation.provided, ""),
        )

    def _pylock(self) -> str:
        inputs, place = self.preparation.inputs, self.order.output
        uv, _ = find_uv(self.preparation.request, self.report, self.preparation.runner)
        used = {index for index, _ in self.exported.requirements.by_index}
        access = index_access(self.preparation, uv, used)
        try:
            files = self._files(uv, access)
        except CommandFailedError as error:
            raise failed(uv, error) from None
        folder = place.absolute().parent if place else inputs.project_dir
        is_universal = self.order.universal
        scope = Scope(
            None if is_universal else self._markers,
            as_specifier(inputs.project.python_versions) if is_universal else None,
            os.path.relpath(inputs.project_dir, folder.resolve()),
        )
        return pylock_text(self.exported, files, access.named, scope)

    def _files(self, uv: Uv, access: IndexAccess) -> FilesOf:
        """The files with their urls, as the indexes offer them today."""
        interpreter, mapped = self.preparation.target.interpreter, self.exported.requirements
        if self.order.universal:
            lowest = oldest(self.preparation.inputs.project.python_versions) or _OLDEST_PYTHON
            pythons = {(it.name, it.version): _python_marker(it) for it in self.packages}
            return Everywhere(uv, access, interpreter, lowest).choose(
                mapped.requirements,
                {it: pythons[it.name, it.version] for it in mapped.requirements},
            )
        cache = cache_dir(self.preparation.request.environ)
        target = InstallTarget(interpreter.executable)
        files = BulkInstall(uv, access, interpreter, target, cache).choose(mapped) or {}
        return {it: (files[it.name],) for it in mapped.requirements}


def _python_marker(package: LockedPackage) -> str:
    place = Place("poetry.lock", f"{package.pin}: python-versions")
    return python_marker(package.python_versions, place)


def _settle(texts: Texts, check: str | None, report: Report) -> None:
    """Write what differs, or say what does."""
    outdated = [path for path, text in texts.items() if _read(path) != text]
    if check is None:
        for path in outdated:
            _write(path, texts[path])
            report.say("export", f"{path} {'removed' if texts[path] is None else 'written'}")
        if not outdated:
            report.say("export", "up to date")
    elif outdated:
        names = ", ".join(map(str, outdated))
        raise ExportError(
            f"not up to date with poetry.lock: {names}", hint=f"run `{check}` and commit the result"
        )


def _read(path: Path) -> str | None:
    try:
        return read_bytes(path).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _write(path: Path, text: str | None) -> None:
    try:
        if text is None:
            path.unlink()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise ProjectError(
            f"{path} cannot be written: {error.strerror}",
            hint="name another file with --output, or leave it out to print to stdout",
        ) from None
