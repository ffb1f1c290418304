"""A pytest plugin for Poetry's own test suites: whatever they ask Poetry is asked of us as well.

`pytest -p upstream.shadow --comparisons FILE`, run in the folder of an unpacked sdist.
"""

from __future__ import annotations

import importlib
import json
from functools import partial
from pathlib import Path

import pytest
from poetry.console.commands.install import InstallCommand
from poetry.installation.chooser import Chooser
from poetry.installation.installer import Installer
from poetry.packages.locker import Locker
from poetry.puzzle.transaction import Transaction
from upstream import file_choices, locks, native_exporter, selections, transactions
from upstream.comparison import FAILED, OUTCOMES, as_document, observe


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--comparisons", type=Path, required=True, help="where they are written")


def pytest_configure() -> None:
    observe(Installer, "_execute", "selections", selections.selection)
    observe(InstallCommand, "activated_groups", "active groups", selections.active_groups)
    observe(Transaction, "calculate_operations", "plans", transactions.plan)
    observe(Locker, "_get_content_hash", "content hashes", locks.content_hash)
    observe(Locker, "is_fresh", "freshness", locks.is_fresh)
    observe(Locker, "_get_lock_data", "locks read or refused", locks.refusal)
    observe(Locker, "locked_packages", "contents of locks", locks.contents)
    observe(Chooser, "choose_for", "file choices", file_choices.file_choice)
    exporter = importlib.import_module("poetry_plugin_export.exporter").Exporter
    for format_, method in exporter.EXPORT_METHODS.items():
        observe(exporter, method, "exports", partial(native_exporter.export, format_))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        OUTCOMES[report.outcome] += 1
        if report.failed:
            FAILED.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    path: Path = session.config.getoption("comparisons")
    path.write_text(json.dumps(as_document(), indent=1), encoding="utf-8")
