"""`hybrid-install verify`: is the environment what the lock selects? Changes and starts nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hybrid_install.commands.prepare import Preparation, prepare
from hybrid_install.commands.receipt import read_receipt
from hybrid_install.commands.request import Request
from hybrid_install.core.distribution import Distribution, by_name
from hybrid_install.core.document import Table, value_at
from hybrid_install.core.model import NormalizedName
from hybrid_install.core.plan import index_of
from hybrid_install.core.receipt import Receipt
from hybrid_install.core.record import Flaw
from hybrid_install.core.scripts import binds_console_scripts_alone
from hybrid_install.core.verification import (
    Environment,
    Expected,
    Finding,
    Kind,
    Remedy,
    Root,
    Terms,
    compare,
    provision_findings,
    root_findings,
)
from hybrid_install.environment.installed import distributions
from hybrid_install.environment.records import Recorded, flaws, present, read_record
from hybrid_install.environment.root import is_bound, wrong_scripts
from hybrid_install.errors import LockfileError, ProjectError, VerificationError
from hybrid_install.files import find_pyproject, read_toml
from hybrid_install.regular import read_bytes
from hybrid_install.report import (
    Report,
    print_data,
    verification_json,
    verification_summary,
    verification_text,
)
from hybrid_install.tools.process import Runner


def verify(request: Request, report: Report, runner: Runner, *, deep: bool, as_json: bool) -> None:
    """Print what differs from the lock; `VerificationError` where anything does.

    With `deep` the hash of every installed file is compared, not only its size.
    """
    preparation = prepare(request, runner)
    _refuse_ambiguity(preparation)
    verification = _Verification(preparation, expected(preparation), deep)
    findings = verification.findings(read_receipt(preparation, report))
    checked = verification.checked
    if as_json:
        environment = str(preparation.target.path)
        name = preparation.inputs.project.name
        print_data(verification_json(name, environment, checked, findings), request.environ)
    else:
        print_data(verification_text(checked, findings), request.environ)
    if any(finding.fails for finding in findings):
        raise VerificationError(
            f"{preparation.target.path}: {verification_summary(checked, findings)}",
            hint="the last column says what to do about each" if not as_json else None,
        )


def _refuse_ambiguity(preparation: Preparation) -> None:
    if preparation.ambiguity is not None:
        raise LockfileError(
            preparation.ambiguity.value,
            hint="`poetry lock` with Poetry 2 or later writes a lock that says so itself",
        )


def expected(preparation: Preparation) -> tuple[Expected, ...]:
    """The selected packages, each with its index; what is provided is checked for itself."""
    project, provided = preparation.inputs.project, preparation.provided
    return tuple(
        Expected(package, index_of(package, project))
        for package in preparation.selected
        if package.name not in provided
    )


def _static_version(document: Table) -> str | None:
    """`[project]`'s own; plugins make others of the one in `[tool.poetry]` when they build."""
    return value_at(document, str, "project", "version")


@dataclass(frozen=True)
class _Verification:
    """One look at one environment."""

    preparation: Preparation
    expected: tuple[Expected, ...]
    deep: bool

    @property
    def checked(self) -> int:
        """How many distributions should be there, the root included."""
        names = {package.name for package in self.preparation.selected}
        return len(names) + (self._root_name is not None)

    def findings(self, receipt: Receipt | None) -> tuple[Finding, ...]:
        if not self.preparation.target.exists:
            return (self._no_environment(),)
        found = tuple(distributions(self.preparation.target.interpreter))
        request = self.preparation.request
        terms = Terms(
            self.preparation.inputs.project.name,
            sync=request.sync,
            no_directory=request.no_directory,
            only_root=request.selection.only_root,
            provided=self.preparation.provided,
        )
        packages = compare(self.expected, self._look(found), receipt, terms)
        return (*self._root_findings(found, receipt), *self._provision(), *packages)

    def _provision(self) -> tuple[Finding, ...]:
        tolerates = self.preparation.provision.tolerates
        return provision_findings(self.preparation.discrepancies, tolerates=tolerates)

    def _no_environment(self) -> Finding:
        path = self.preparation.target.path
        name = self.preparation.inputs.project.name or ""
        return Finding(name, Kind.NO_ENVIRONMENT, f"there is no environment at {path}", Remedy.RUN)

    def _look(self, found: tuple[Distribution, ...]) -> Environment:
        """What is expected is looked at closely; strangers are only named."""
        names = {each.package.name for each in self.expected}
        ours = [read_record(each) for name, each in by_name(found).items() if name in names]
        known = {each.distribution.name: present(each) for each in ours}
        return Environment(found, known, self._flaws(ours, deep=self.deep))

    def _flaws(
        self, ours: Iterable[Recorded], *, deep: bool
    ) -> Mapping[NormalizedName, tuple[Flaw, ...]]:
        """The system's own files are not the lock's matter."""
        records = [each for each in ours if not each.distribution.is_system]
        return flaws(records, self.preparation.target.interpreter.prefix, deep=deep)

    @property
    def _root_name(self) -> NormalizedName | None:
        """The project's name where a run binds it."""
        project = self.preparation.inputs.project
        binds = project.package_mode and not self.preparation.request.selection.no_root
        return project.name if binds else None

    def _root_findings(
        self, found: tuple[Distribution, ...], receipt: Receipt | None
    ) -> tuple[Finding, ...]:
        """The root's few files are always compared by hash."""
        name = self._root_name
        if name is None:
            return ()
        root = by_name(found).get(name)
        folder = self.preparation.inputs.project_dir
        document = read_toml(find_pyproject(folder)).document
        prefix = self.preparation.target.interpreter.prefix
        stands_alone = self.preparation.no_editable
        bound = root is not None and is_bound(root, folder)
        return root_findings(
            Root(
                name,
                root,
                is_bound=bound,
                flaws=self._flaws([read_record(root)], deep=True).get(name, ()) if root else (),
                scripts=wrong_scripts(
                    document,
                    folder,
                    prefix,
                    of_wheel=stands_alone,
                    console_alone=not stands_alone and self._binds_console_scripts_alone(receipt),
                ),
                stands_alone=stands_alone,
                version=_static_version(document),
                outdated=self._outdated(root) if bound and root else "",
            )
        )

    def _binds_console_scripts_alone(self, receipt: Receipt | None) -> bool:
        """Whoever has bound it says the receipt, and else most likely the machine's Poetry."""
        if receipt:
            return binds_console_scripts_alone(receipt.poetry)
        poetry = self.preparation.poetry
        return poetry is not None and binds_console_scripts_alone(poetry.version)

    def _outdated(self, root: Distribution) -> str:
        """Not where plugins of Poetry may have a say, nor where poetry-core could make nothing."""
        project_dir, project = self.preparation.inputs.project_dir, self.preparation.inputs.project
        if project.required_plugins or not root.is_whole:
            return ""
        from hybrid_install.core.bound_metadata import outdated
        from hybrid_install.tools import poetry_core

        try:
            made = poetry_core.metadata(project_dir)
        except ProjectError:
            return ""
        return outdated(read_bytes(Path(root.path, "METADATA")), made)
