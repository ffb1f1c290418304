"""What all tests share: nothing of the user's configuration, and a count of what was compared."""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import Any

import pytest
from hypothesis import settings
from support.fault_table import is_counted_here, never_injected, table
from support.figures import FIGURES, Figure, lines

TALLY = pytest.StashKey[Counter[str]]()

# No example may fail for the machine's speed, and a run is as good as the next. To look further:
# --hypothesis-profile=explore.
settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, max_examples=3000)
settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLY] = Counter()
    # A shell has what it starts in the background ignore SIGINT, `nohup` SIGHUP, and children
    # inherit that; of what is handled here they have the default.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)
    # pbs-installer's, which Poetry imports; the message is Python 3.11's and 3.12's alone.
    config.addinivalue_line("filterwarnings", "ignore:open_text is deprecated:DeprecationWarning")


@pytest.fixture(scope="session")
def tally(request: pytest.FixtureRequest) -> Counter[str]:
    """Comparisons that ran, by kind; `<kind> equal` counts those that agreed."""
    return request.config.stash[TALLY]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands its counts over."""
    output, counts = getattr(session.config, "workeroutput", None), session.config.stash[TALLY]
    counts.update(FIGURES)
    if output is not None:
        output["tally"] = {str(kind): number for kind, number in counts.items()}
    elif _is_full(session.config) and never_injected(counts):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _is_full(config: pytest.Config) -> bool:
    """Whether all faults were to be injected."""
    all_of_them = os.environ.get("HYBRID_INSTALL_FAULTS") == "all"
    return (
        all_of_them
        and not os.environ.get("HYBRID_INSTALL_FAULTS_ONLY")
        and not config.option.keyword
    )


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The counts of a worker that has finished, or was lost."""
    counts: Counter[str] = node.config.stash[TALLY]
    counts.update(getattr(node, "workeroutput", {}).get("tally", {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    counts = config.stash[TALLY]
    for line in (*table(counts), *lines(counts)):
        terminalreporter.write_line(line)
    if _is_full(config):
        for fault in never_injected(counts):
            terminalreporter.write_line(f"never injected, so that nothing is known: {fault}")
    kinds = (kind for kind in counts if not is_counted_here(kind) and kind not in {*Figure})
    for kind in sorted(kind for kind in kinds if not kind.endswith(" equal")):
        compared, equal = counts[kind], counts[f"{kind} equal"]
        terminalreporter.write_line(
            f"conformance: {compared} {kind} compared with Poetry, {equal} equal"
        )
