"""What the shadowed suites compared: `python -m upstream.summary RESULT…`, as `shadow.py` wrote it.

Fails where an answer differs, where a test of Poetry's fails, and where less was compared than is
known to be in the suites of these versions: a hook that no longer fits compares nothing.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

FLOORS = {
    "active groups": 137,
    "content hashes": 770,
    "contents of locks": 165,
    "exports": 160,
    "file choices": 85,
    "freshness": 8,
    "locks read or refused": 68,
    "plans": 990,
    "selections": 164,
}

Comparison = dict[str, str]
Result = dict[str, Any]


def main(paths: Iterable[Path]) -> int:
    """Print the summary; 0 where all is well."""
    results = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}
    lines = [line for suite, result in results.items() for line in _of_suite(suite, result)]
    problems = _problems(results.values())
    sys.stdout.write("\n".join([*lines, *(problems or ["every comparison agrees"]), ""]))
    return 1 if problems else 0


def _of_suite(suite: str, result: Result) -> Iterator[str]:
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(result["outcomes"].items()))
    yield f"{suite}: {outcomes}"
    by_kind: defaultdict[str, list[Comparison]] = defaultdict(list)
    for each in result["comparisons"]:
        by_kind[each["kind"]].append(each)
    for kind, comparisons in sorted(by_kind.items()):
        counts = Counter(each["verdict"] for each in comparisons)
        compared = counts["agreed"] + counts["disagreed"]
        yield f"  {kind}: {compared} compared, {counts['agreed']} agreed"
        yield from _incomparable(comparisons)
    yield ""


def _incomparable(comparisons: Iterable[Comparison]) -> Iterator[str]:
    counts: Counter[str] = Counter()
    tests: defaultdict[str, set[str]] = defaultdict(set)
    for each in comparisons:
        if each["verdict"] == "not comparable":
            counts[each["why"]] += 1
            tests[each["why"]].add(each["test"].rpartition("::")[2].partition("[")[0])
    for reason, count in counts.most_common():
        yield f"    {count} not comparable: {reason}"
        yield textwrap.fill(", ".join(sorted(tests[reason])), 100, **_WHOLE_NAMES)


_WHOLE_NAMES: dict[str, Any] = {
    "break_long_words": False,
    "initial_indent": " " * 6,
    "subsequent_indent": " " * 6,
}


def _problems(results: Iterable[Result]) -> list[str]:
    found = list(results)
    comparisons = [each for result in found for each in result["comparisons"]]
    failed = [f"failed: {test}" for result in found for test in result["failed"]]
    return [*_too_few(comparisons), *_different(comparisons), *failed]


def _too_few(comparisons: Iterable[Comparison]) -> list[str]:
    compared = Counter(each["kind"] for each in comparisons if each["verdict"] != "not comparable")
    return [
        f"too few {kind}: {compared[kind]} compared, {floor} expected"
        for kind, floor in FLOORS.items()
        if compared[kind] < floor
    ]


def _different(comparisons: Iterable[Comparison]) -> list[str]:
    return [
        f"different {each['kind']} in {each['test']}: {each['why']}"
        for each in comparisons
        if each["verdict"] == "disagreed"
    ]


if __name__ == "__main__":
    sys.exit(main(map(Path, sys.argv[1:])))
