"""What every command does first: read, refuse, locate, select, compare. Nothing is changed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hybrid_install.commands.inputs import Inputs, read_inputs
from hybrid_install.commands.refusals import (
    refuse_missing_paths,
    refuse_what_only_we_do,
    refuse_what_poetry_is_not_told,
    refuse_wrong_provision,
)
from hybrid_install.commands.repositories import (
    hosts_of_repositories,
    is_http,
    query_of_git,
    urls_with_credentials,
)
from hybrid_install.commands.request import Request
from hybrid_install.core.build_constraints import constraint_lines
from hybrid_install.core.credentials import Credentials
from hybrid_install.core.deferral import Ambiguity, BuildPolicy, Deferral, Handover
from hybrid_install.core.distribution import Distribution, Installed, by_name
from hybrid_install.core.file_choice import Tags
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.lock_problems import LockProblem, Selection, lock_problems
from hybrid_install.core.model import (
    GitSource,
    LockedPackage,
    NormalizedName,
    UrlSource,
)
from hybrid_install.core.plan import Plan, Policy, index_of, make_plan
from hybrid_install.core.provided import Discrepancy, Provision, discrepancies
from hybrid_install.core.redaction import holds_secret
from hybrid_install.core.selection import select
from hybrid_install.core.tiers import of_tier
from hybrid_install.environment.locate import Locator, TargetEnvironment
from hybrid_install.environment.probe import begin_probe
from hybrid_install.environment.tags import supported_tags
from hybrid_install.environment.trust import refused_clients
from hybrid_install.errors import (
    InvalidDataError,
    ProjectError,
    ToolError,
)
from hybrid_install.files import located
from hybrid_install.tools import poetry as poetry_tool
from hybrid_install.tools.poetry import Poetry
from hybrid_install.tools.process import Runner

if TYPE_CHECKING:
    from hybrid_install.tools.keyring import KeyringQuery


@dataclass(frozen=True)
class Preparation:
    """A run that could begin: the inputs, the environment, what is in it, and the plan.

    Without `starts_tools` neither uv nor Poetry is started to find any of it out. `left` are the
    packages that turned out to be Poetry's when their indexes were asked; `damaged` those whose
    files are not what their RECORDs say, each with why.
    """

    request: Request
    inputs: Inputs
    locator: Locator
    target: TargetEnvironment
    runner: Runner
    starts_tools: bool
    left: Mapping[NormalizedName, Deferral] = field(default_factory=dict)
    damaged: Mapping[NormalizedName, str] = field(default_factory=dict)
    answers: dict[KeyringQuery, Credentials | None] = field(
        default_factory=dict, repr=False, compare=False
    )

    @cached_property
    def poetry(self) -> Poetry | None:
        """The machine's own Poetry, if it has one."""
        try:
            return poetry_tool.find(self.request.environ, self.runner, may_start=self.starts_tools)
        except ToolError:
            if self.starts_tools:
                raise
            return None

    @cached_property
    def selected(self) -> tuple[LockedPackage, ...]:
        """Those of the selected packages that this run is about: with `--tier` the tier's."""
        return of_tier(self.selected_of_all_tiers, self.request.tier, self.inputs.settings.heavy)

    @cached_property
    def selected_of_all_tiers(self) -> tuple[LockedPackage, ...]:
        """The locked packages for this target, with their places on disk.

        None where only Poetry can tell them. Under `--no-editable` no package is.
        """
        selected = () if isinstance(self._selection, Ambiguity) else self._selection
        placed = tuple(located(package, self.inputs.project_dir) for package in selected)
        if not self.no_editable:
            return placed
        return tuple(replace(package, develop=False) for package in placed)

    @cached_property
    def _selection(self) -> tuple[LockedPackage, ...] | Ambiguity:
        inputs, environment = self.inputs, self.target.interpreter.markers
        if inputs.lock.has_groups_and_markers and not self.re_resolves():
            return select(inputs.lock, inputs.wanted, environment)
        from hybrid_install.core.walk import walk

        folder = str(inputs.project_dir)
        return walk(inputs.lock, inputs.pyproject, folder, inputs.wanted, environment)

    @property
    def ambiguity(self) -> Ambiguity | None:
        """Why only Poetry can tell what the lock selects, if so."""
        return self._selection if isinstance(self._selection, Ambiguity) else None

    @cached_property
    def lock_problems(self) -> tuple[LockProblem, ...]:
        """What is doubtful about the lock for this target."""
        inputs, markers = self.inputs, self.target.interpreter.markers
        return lock_problems(
            Selection(inputs.lock, inputs.wanted, markers, self.selected_of_all_tiers, self.tags)
        )

    def installed(self) -> Installed:
        """A fresh look at the environment."""
        return by_name(self.distributions())

    def distributions(self) -> tuple[Distribution, ...]:
        """All distributions, those that another of their name hides included."""
        return _distributions(self.target) if self.target.exists else ()

    @cached_property
    def plan(self) -> Plan:
        """The plan, or the reason why there is none of ours."""
        return self.plan_afresh()

    def plan_afresh(self) -> Plan:
        """The plan for the environment as it is now."""
        handover = self._handover()
        if handover is not None:
            refuse_what_only_we_do(self.request, self.inputs.settings, handover)
            return Plan((), handover)
        installed = self.installed()
        policy = Policy(
            self.build_policy,
            self.tags,
            unreached=self._unreached(),
            sync=self.request.sync,
            no_directory=self.request.no_directory,
            is_virtual=self.target.is_virtual,
            disproved={**self._disproved(installed), **self.damaged},
            provided=self.provided_versions,
        )
        plan = make_plan(self.selected, installed, self.inputs.project, policy)
        if found := self._repositories_of_keyring(plan):
            build = replace(policy.build, git_urls=policy.build.git_urls | found)
            policy = replace(policy, build=build)
            plan = make_plan(self.selected, installed, self.inputs.project, policy)
        refuse_missing_paths(plan)
        plan = plan.leaving(self.left)
        refuse_wrong_provision(
            self.discrepancies, self.target.path, tolerates=self.provision.tolerates
        )
        return plan

    def _disproved(self, installed: Installed) -> Mapping[NormalizedName, str]:
        """What our own receipt knows not to be what is locked, or has doubts about, and why."""
        if not installed:
            return {}
        from hybrid_install.core.verification import Expected
        from hybrid_install.environment.receipt import ReceiptFile

        file = ReceiptFile.of(self.target.path, is_virtual=self.target.is_virtual)
        expected = (
            Expected(package, index_of(package, self.inputs.project)) for package in self.selected
        )
        return {**file.doubts(installed), **file.disproves(expected, installed)}

    @property
    def no_editable(self) -> bool:
        """Whether the environment is to stand alone."""
        return self.inputs.settings.no_editable

    @property
    def binds_root(self) -> bool:
        """Whether the project itself is installed."""
        return self.inputs.project.package_mode and not self.request.selection.no_root

    @property
    def provision(self) -> Provision:
        """What the user calls provided."""
        return Provision.of(self.inputs.settings, self.request.provided_from_environment)

    @cached_property
    def provided(self) -> frozenset[NormalizedName]:
        """The names that the environment brings: neither installed nor removed."""
        if not self.provision.is_given:
            return frozenset()
        known = {package.name for package in self.selected_of_all_tiers} | self.visible.keys()
        return self.provision.names(known, self._brought())

    @property
    def provided_versions(self) -> Mapping[NormalizedName, str]:
        """What is provided, with the version that is there, if anything is."""
        seen = self.visible
        return {name: seen[name].version if name in seen else "" for name in self.provided}

    @cached_property
    def visible(self) -> Installed:
        """What can be imported; of an environment that is still to be made, from the system."""
        if self.target.exists:
            return self.installed()
        includes_system = self.inputs.config.flag("virtualenvs", "options", "system-site-packages")
        if not includes_system or self.target.interpreter.is_presumed:
            return {}
        below = by_name(_distributions(self.target))
        return {name: replace(each, is_system=True) for name, each in below.items()}

    def _brought(self) -> frozenset[NormalizedName]:
        """What was there before us; of an interpreter itself all but what our receipt claims."""
        if self.target.is_virtual:
            return frozenset(name for name, each in self.visible.items() if each.is_system)
        from hybrid_install.core.distribution import BY_UV
        from hybrid_install.core.receipt import BY_POETRY
        from hybrid_install.environment.receipt import ReceiptFile

        receipt = ReceiptFile.of(self.target.path, is_virtual=False).read_earlier()
        packages = receipt.packages if receipt else ()
        ours = {package.name for package in packages if package.by in (BY_UV, BY_POETRY)}
        return frozenset(self.visible.keys() - ours)

    @property
    def discrepancies(self) -> tuple[Discrepancy, ...]:
        """Where what is provided is not what is locked."""
        return discrepancies(self.selected, self.provided, self.visible)

    def _unreached(self) -> frozenset[NormalizedName]:
        """`Transaction.calculate_operations`: only a solution leaves locked packages out."""
        inputs = self.inputs
        if inputs.lock.has_groups_and_markers and not self.re_resolves():
            return frozenset()
        reached = {package.name for package in self.selected_of_all_tiers}
        return frozenset(
            package.name
            for package in inputs.lock.packages
            if package.name not in reached and not package.optional
        )

    @cached_property
    def tags(self) -> Tags | None:
        """The wheel tags that the target supports."""
        return supported_tags(self.target.interpreter, self.runner, self.request.environ)

    @cached_property
    def build_constraints(self) -> Mapping[NormalizedName, tuple[str, ...] | None]:
        """The build constraints for the target, None for those that uv cannot be told."""
        tables, markers = self.inputs.project.build_constraints, self.target.interpreter.markers
        return {name: constraint_lines(table, markers) for name, table in tables.items()}

    @cached_property
    def build_policy(self) -> BuildPolicy:
        """What bears on files, builds and repositories."""
        config, lines = self.inputs.config, self.build_constraints
        return BuildPolicy(
            config.binary_policy,
            odd_constraints=frozenset(name for name in lines if lines[name] is None),
            refused=refused_clients(self.inputs.project.indexes, config, self.request.working_dir),
            git_urls=urls_with_credentials(config, self.inputs.project),
            hosts=hosts_of_repositories(config, self.inputs.project),
            has_git=shutil.which("git", path=self.request.environ.get("PATH")) is not None,
        )

    def _repositories_of_keyring(self, plan: Plan) -> frozenset[str]:
        """The urls among what uv would install that only the keyring has credentials for.

        It may ask the user in turn, so that it is left alone where no tools are started.
        """
        if not self.starts_tools:
            return frozenset()
        config, project = self.inputs.config, self.inputs.project
        sources = [each.package.source for each in plan.bulk if each.package]
        urls = [each.url for each in sources if isinstance(each, GitSource) and is_http(each.url)]
        found = self.ask_keyring([query_of_git(url, config, project) for url in urls])
        pairs = zip(urls, found, strict=True)
        return frozenset(url for url, each in pairs if each and each.username and each.password)

    def ask_keyring(self, queries: Sequence[KeyringQuery]) -> list[Credentials | None]:
        """What the keyring of Poetry's interpreter, or else ours, has; each query is asked once.

        Nobody is asked where Poetry would not ask, nor when offline: a keyring may be a service on
        the network.
        """
        new = [query for query in dict.fromkeys(queries) if query not in self.answers]
        if new and self.inputs.config.asks_keyring and not self.request.offline:
            python = (self.poetry and self.poetry.interpreter) or Path(sys.executable)
            from hybrid_install.tools.keyring import ask

            answers = ask(new, python, self.runner, self.request.environ)
            self.answers.update(zip(new, answers, strict=True))
        return [self.answers.get(query) for query in queries]

    def _handover(self) -> Handover | Ambiguity | None:
        if self.target.handover:
            return self.target.handover
        return Handover.VIRTUALENV_OPTIONS if self.is_made_by_poetry else self.ambiguity

    @property
    def is_made_by_poetry(self) -> bool:
        """Whether Poetry also makes the environment."""
        return not self.target.exists and self.inputs.config.has_foreign_virtualenv_options

    def re_resolves(self) -> bool:
        """`installer.re-resolve`, whose default depends on the Poetry that finishes the run."""
        setting = self.inputs.config.flag("installer", "re-resolve")
        if setting is not None:
            return setting
        return self.poetry is not None and self.poetry.re_resolves_by_default

    def anew(self) -> Preparation:
        """The same run, where others may have changed everything meanwhile."""
        return prepare(self.request, self.runner, starts_tools=self.starts_tools)

    def after_creation(self) -> Preparation:
        """The same run once its environment exists."""
        return self.begin_creation()()

    def begin_creation(self) -> Callable[[], Preparation]:
        """Begin to ask the new environment's interpreter; then as `after_creation`."""
        asked = begin_probe(self.target.python, self.runner, self.request.environ)
        return lambda: self._created(asked())

    def _created(self, interpreter: Interpreter) -> Preparation:
        target = replace(self.target, interpreter=interpreter, exists=True, is_broken=False)
        self.locator.refuse_wrong_python(target)
        return replace(self, target=target)


def _distributions(target: TargetEnvironment) -> tuple[Distribution, ...]:
    # A new environment has none, and reading any takes a module of its own.
    from hybrid_install.environment.installed import distributions

    return distributions(target.interpreter)


def prepare(request: Request, runner: Runner, *, starts_tools: bool = False) -> Preparation:
    """Read, refuse and locate; the rest is computed when asked for."""
    inputs = read_inputs(request)
    request = _without_root(request) if request.tier else request
    mask_urls(inputs, runner)
    locator = Locator(
        project=inputs.project,
        project_dir=inputs.project_dir,
        config=inputs.config,
        environ=request.environ,
        runner=runner,
        venv=request.venv,
        python=request.python,
        poetry_python=lambda: poetry_python(request, runner, may_start=starts_tools),
    )
    try:
        target = locator.locate()
    except InvalidDataError as error:
        found = error.in_file(error.file or str(inputs.project_dir / "pyproject.toml"))
        raise ProjectError(
            str(found), hint="mend that value: Poetry cannot read it either"
        ) from None
    preparation = Preparation(request, inputs, locator, target, runner, starts_tools)
    if preparation.is_made_by_poetry:
        refuse_what_poetry_is_not_told(request)
    return preparation


def mask_urls(inputs: Inputs, runner: Runner) -> None:
    """Poetry prints them: an archive's at each installation, all others under `-vvv`."""
    if any(map(holds_secret, _urls(inputs))):
        runner.mask()


def _urls(inputs: Inputs) -> Iterator[str]:
    """Whatever url a tool may come to speak of."""
    with suppress(InvalidDataError, ProjectError):  # it may be nobody's business here
        yield from filter(None, [inputs.config.mirror_url])
    yield from (index.url for index in inputs.project.indexes if index.url)
    yield from inputs.config.repositories.values()
    for package in inputs.lock.packages:
        if isinstance(package.source, GitSource | UrlSource):
            yield package.source.url


def _without_root(request: Request) -> Request:
    """The project belongs to no tier."""
    return replace(request, selection=replace(request.selection, no_root=True))


def poetry_python(request: Request, runner: Runner, *, may_start: bool) -> Path | None:
    """The interpreter that runs Poetry; a Poetry that uv provides is run by ours."""
    found = poetry_tool.find(request.environ, runner, may_start=may_start)
    return found.interpreter if found else Path(sys.executable)
