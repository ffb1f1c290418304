"""Which locked packages `poetry install` would install where it solves the lock again.

That is: from a lock older than version 2.1, and with `installer.re-resolve`. Mirrors
`Installer._do_install` (poetry/installation/installer.py), whose solver (poetry/mixology) then
sees nothing but the lock.

Nothing is solved here. The solver takes the highest locked version that satisfies what it knows
so far, and takes it back only where no solution has it. So a set of packages that is closed and
consistent is the solver's own, whatever the order of its decisions, if for each package and for
each single dependency on it every higher version that the dependency allows is in no solution, or
is excluded by what the solver is sure to have decided before. Such a set is looked for, and
proven; where it cannot be, the answer is an `Ambiguity`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from hybrid_install.core.deferral import Ambiguity
from hybrid_install.core.dependencies import (
    NONE,
    Candidate,
    Names,
    Need,
    Root,
    Target,
    Unsettled,
    candidates,
)
from hybrid_install.core.document import Table
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.markers import Environment
from hybrid_install.core.model import LockedPackage, NormalizedName
from hybrid_install.core.selection import Wanted

Node = tuple[NormalizedName, Names]
"""A package with extras, which the solver decides on its own (`complete_name`)."""

# Each round corrects what a later dependency excluded; real locks need two or three.
_ROUNDS = 25


def walk(
    lock: Lockfile, pyproject: Table, folder: str, wanted: Wanted, environment: Environment
) -> tuple[LockedPackage, ...] | Ambiguity:
    """The packages of `lock` that are wanted on `environment`, sorted by name and version.

    `folder` is the project's, absolute and resolved; the disk is only asked for pyproject's own
    path dependencies, by poetry-core. An `Ambiguity` where Poetry's solver might find another set,
    or none.
    """
    try:
        root, target = Root.of(pyproject, folder), Target(environment)
        graph = _Graph(
            root,
            candidates(lock.packages, folder),
            target,
            root.needs(wanted.groups, wanted.extras, target),
        )
        solution = _solution(graph)
        _prove(graph, solution)
        selected = _required(graph, solution, wanted)
    except Unsettled as unsettled:
        return Ambiguity(str(unsettled))
    return tuple(sorted(selected, key=lambda package: (package.name, package.version)))


@dataclass(frozen=True, eq=False)
class _Graph:
    """The lock as seen from one environment. What is worked out once is remembered."""

    root: Root
    locked: Mapping[NormalizedName, tuple[Candidate, ...]]
    target: Target
    root_needs: tuple[Need, ...]
    _needs: dict[tuple[Candidate, Names], tuple[Need, ...]] = field(default_factory=dict)
    _allowed: dict[NormalizedName, tuple[Candidate, ...]] = field(default_factory=dict)

    def allowed(self, name: NormalizedName) -> tuple[Candidate, ...]:
        """The packages of a name that the target's Python allows, the highest version first."""
        if name not in self._allowed:
            locked = self.locked.get(name, ())
            self._allowed[name] = tuple(each for each in locked if each.allows(self.target))
        return self._allowed[name]

    def needs(self, candidate: Candidate, extras: Names) -> tuple[Need, ...]:
        """What a package depends on, but for the project itself."""
        key = candidate, extras
        if key not in self._needs:
            found = candidate.needs(extras, self.target)
            self._needs[key] = tuple(need for need in found if not self._is_root(need, candidate))
        return self._needs[key]

    def _is_root(self, need: Need, owner: Candidate) -> bool:
        if need.name != self.root.name:
            return False
        if not self.root.satisfies(need):
            raise Unsettled(f"{owner.package.pin} depends on the project itself, {need}")
        return True


@dataclass(frozen=True, slots=True, eq=False)
class _Solution:
    """One package for each name that is reached, and what each node asks of others.

    `needed` holds every need by the node it is about.
    """

    chosen: Mapping[NormalizedName, Candidate]
    needs: Mapping[Node, tuple[Need, ...]]
    needed: Mapping[Node, list[Need]]


def _solution(graph: _Graph) -> _Solution:
    """The closed set that results from always taking the highest version that fits."""
    chosen: dict[NormalizedName, Candidate] = {}
    for _ in range(_ROUNDS):
        solution = _closure(graph, chosen)
        chosen = {name: _highest(graph, name, solution) for name in solution.chosen}
        if chosen == solution.chosen:
            return solution
    raise Unsettled("the versions in the lock depend on each other in a circle")


def _closure(graph: _Graph, preferred: Mapping[NormalizedName, Candidate]) -> _Solution:
    """All that is reached from the project where `preferred` packages are taken."""
    chosen: dict[NormalizedName, Candidate] = {}
    needs: dict[Node, tuple[Need, ...]] = {}
    needed: dict[Node, list[Need]] = {}
    stack = list(graph.root_needs)
    while stack:
        need = stack.pop()
        node = need.name, need.extras
        needed.setdefault(node, []).append(need)
        if need.name not in chosen:
            chosen[need.name] = preferred.get(need.name) or _first(graph, need)
        for each in {node, (need.name, NONE)} - needs.keys():
            needs[each] = graph.needs(chosen[need.name], each[1])
            stack += needs[each]
    return _Solution(chosen, needs, needed)


def _first(graph: _Graph, need: Need) -> Candidate:
    for candidate in graph.allowed(need.name):
        if candidate.satisfies(need):
            return candidate
    raise Unsettled(f"no locked package satisfies {need}")


def _highest(graph: _Graph, name: NormalizedName, solution: _Solution) -> Candidate:
    """The highest version that satisfies everything that is asked of it."""
    needs = [need for node, needs in solution.needed.items() if node[0] == name for need in needs]
    for candidate in graph.allowed(name):
        if all(candidate.satisfies(need) for need in needs):
            return candidate
    raise Unsettled(f"no locked package satisfies all of {', '.join(sorted(map(str, needs)))}")


def _prove(graph: _Graph, solution: _Solution) -> None:
    """`Unsettled` unless the solver must come to this solution."""
    passed_over = set[tuple[Candidate, Names]]()
    for node, needs in solution.needed.items():
        if len(graph.locked[node[0]]) > 1:
            _refuse_lookalikes(graph, solution.chosen[node[0]], node, needs)
            passed_over |= set(_passed_over(graph, solution, node, needs))
    _refuse_pitfalls(graph, passed_over)


def _refuse_lookalikes(graph: _Graph, chosen: Candidate, node: Node, needs: Iterable[Need]) -> None:
    """Of one version in several builds the solver cannot exclude the one and keep the other.

    It need not where each dependency has it come to the same build first. The project's own
    dependencies are known from the start, all others may not be.
    """
    is_unique = sum(each.version == chosen.version for each in graph.locked[node[0]]) == 1
    if is_unique and all(_first_locked(graph, need) is chosen for need in needs):
        return
    own = [need for need in graph.root_needs if (need.name, need.extras) == node]
    alive = [
        each
        for each in graph.locked[node[0]]
        if all(map(each.satisfies, own)) and any(map(each.satisfies, needs))
    ]
    for one, other in combinations(alive, 2):
        if one.public_version == other.public_version:
            raise Unsettled(f"{one.package.pin} is in the lock more than once")


def _passed_over(
    graph: _Graph, solution: _Solution, node: Node, needs: Iterable[Need]
) -> Iterator[tuple[Candidate, Names]]:
    """Higher versions that the solver may try, each proven to be in no solution."""
    locked, chosen = graph.locked[node[0]], solution.chosen[node[0]]
    for candidate in locked[: locked.index(chosen)]:
        allowing = [need for need in needs if candidate.satisfies(need)]
        if not allowing:
            continue
        if any(need.names_source for need in graph.root_needs if need.name == node[0]):
            raise Unsettled(f"{candidate.name} is locked from the project's own sources twice")
        if candidate not in graph.allowed(node[0]) or _is_impossible(graph, candidate):
            yield candidate, node[1]
        elif not _is_excluded_before(graph, solution, node, candidate):
            raise Unsettled(
                f"both {candidate.package.pin} and {chosen.version} satisfy {allowing[0]}"
            )


def _is_impossible(graph: _Graph, candidate: Candidate) -> bool:
    """Whether no solution has `candidate`: it contradicts what the project needs in any case.

    A name that is needed and has one package left makes that package needed, and its
    dependencies with it.
    """
    left: dict[NormalizedName, list[Candidate]] = {candidate.name: [candidate]}
    asked: dict[NormalizedName, set[Names]] = {candidate.name: {NONE}}
    seen = set[tuple[Candidate, Names]]()
    needs = [*graph.root_needs, *graph.needs(candidate, NONE)]
    while needs:
        need = needs.pop()
        asked.setdefault(need.name, {NONE}).add(need.extras)
        found = left.get(need.name, graph.allowed(need.name))
        left[need.name] = [each for each in found if each.satisfies(need)]
        if not left[need.name]:
            return True
        if len(left[need.name]) == 1:
            pairs = {(left[need.name][0], extras) for extras in asked[need.name]} - seen
            seen |= pairs
            needs += [each for pair in pairs for each in graph.needs(*pair)]
    return False


def _is_excluded_before(
    graph: _Graph, solution: _Solution, node: Node, candidate: Candidate
) -> bool:
    """Whether something that excludes `candidate` is decided before its name is.

    That is so where a path leads there from the project on which everything is more urgent: one
    of it is always up for decision.
    """
    is_direct = any(need.is_direct for need in solution.needed[node])
    urgency = candidate.urgency(node[1], is_direct=is_direct)
    stack, seen = [(need.name, need.extras) for need in graph.root_needs], set[Node]()
    while stack:
        current = stack.pop()
        if current in seen or not _urgency(graph, solution, current) < urgency:
            continue
        seen.add(current)
        for need in solution.needs[current]:
            if (need.name, need.extras) == node and not candidate.satisfies(need):
                return True
            stack.append((need.name, need.extras))
        stack += [(current[0], NONE)] * bool(current[1])
    return False


def _urgency(graph: _Graph, solution: _Solution, node: Node) -> tuple[int, ...]:
    """A node's urgency; the lowest where the solver may have another version in mind."""
    chosen, needs = solution.chosen[node[0]], solution.needed.get(node, [])
    if any(_first_locked(graph, need) is not chosen for need in needs):
        return (2,)
    return chosen.urgency(node[1], is_direct=all(need.is_direct for need in needs))


def _first_locked(graph: _Graph, need: Need) -> Candidate | None:
    return next((each for each in graph.locked[need.name] if each.satisfies(need)), None)


def _refuse_pitfalls(graph: _Graph, passed_over: Iterable[tuple[Candidate, Names]]) -> None:
    """Whatever the solver may look at on the way to its solution must not make it fail."""
    stack = list(passed_over)
    seen = set(stack)
    while stack:
        candidate, extras = stack.pop()
        if candidate not in graph.allowed(candidate.name):
            graph.needs(candidate, extras)
            continue
        for need in graph.needs(candidate, extras):
            fitting = [each for each in graph.locked.get(need.name, ()) if each.satisfies(need)]
            _refuse_blind_alleys(need, fitting)
            found = {(each, features) for each in fitting for features in (need.extras, NONE)}
            stack += found - seen
            seen |= found


def _refuse_blind_alleys(need: Need, fitting: list[Candidate]) -> None:
    if need.is_direct and not fitting:
        raise Unsettled(f"no locked package satisfies {need}")
    if any(a.public_version == b.public_version for a, b in combinations(fitting, 2)):
        raise Unsettled(f"{need.name} is in the lock more than once")


def _required(graph: _Graph, solution: _Solution, wanted: Wanted) -> list[LockedPackage]:
    """The solution without what only extras that are not requested ask for."""
    required = _not_optional(graph, solution, wanted) | _of_extras(graph, solution, wanted.extras)
    return [each.package for name, each in solution.chosen.items() if name in required]


def _not_optional(graph: _Graph, solution: _Solution, wanted: Wanted) -> Names:
    """`depth_first_search` and `aggregate_package_nodes` (poetry/puzzle/solver.py).

    A package is optional where every path to it begins with an optional dependency of the
    project. Paths may begin with a dependency that does not apply here.
    """
    declared = graph.root.declared(wanted.groups)
    stack = [need for need in declared if not need.is_optional]
    found = set[Node]()
    while stack:
        need = stack.pop()
        node = need.name, need.extras
        if node in solution.needs and solution.chosen[need.name].satisfies(need):
            for each in {node, (need.name, NONE)} - found:
                found.add(each)
                stack += solution.needs[each]
    return frozenset(name for name, _ in found)


def _of_extras(graph: _Graph, solution: _Solution, extras: Names) -> Names:
    """`get_extra_package_names` (poetry/utils/extras.py): a search by names alone."""
    following: dict[NormalizedName, set[NormalizedName]] = {}
    for (name, _), needs in solution.needs.items():
        following.setdefault(name, set()).update(need.name for need in needs)
    found, stack = set[NormalizedName](), list(graph.root.named_by(extras))
    while stack:
        name = stack.pop()
        if name in solution.chosen and name not in found:
            found.add(name)
            stack += following[name]
    return frozenset(found)
