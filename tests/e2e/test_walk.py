"""Where Poetry solves the lock again, uv has installed what its solver will select."""

from __future__ import annotations

import tomlkit
from support.lab import Lab
from support.projects import Project


def as_older_lock(project: Project, version: str, *, without: str = "") -> None:
    """The project's lock as Poetry wrote it in former times, with one package left out."""
    lock = tomlkit.parse(project.lock.read_text("utf-8")).unwrap()
    lock["package"] = [each for each in lock["package"] if each["name"] != without]
    lock["metadata"]["lock-version"] = version
    files = {each["name"]: each["files"] for each in lock["package"]}
    for package in lock["package"]:
        package.pop("groups", None)
        package.pop("markers", None)
        if version < "2.0":
            package.pop("files", None)
    if version < "2.0":
        lock["metadata"]["files"] = files
    project.lock.write_text(tomlkit.dumps(lock), "utf-8")


def test_an_older_lock(lab: Lab, standard: Project) -> None:
    as_older_lock(standard, "1.1")

    result = lab.install(standard, "--strict")

    assert "No dependencies to install or update" in result.stderr
    seen = lab.assert_as_poetry_makes_it(standard)
    assert seen.distributions["alpha"].installer == "uv"


def test_re_resolve(lab: Lab, standard: Project) -> None:
    lab.environ["POETRY_INSTALLER_RE_RESOLVE"] = "true"

    result = lab.install(standard, "--strict", "--no-receipt", "--all-extras", "--all-groups")

    assert "No dependencies to install or update" in result.stderr
    seen = lab.assert_as_poetry_makes_it(standard, "--all-extras", "--all-groups")
    assert seen.distributions["alpha"].installer == "uv"


def test_an_older_lock_is_exported(lab: Lab, standard: Project) -> None:
    newer = lab.hybrid_install.succeeding("export", cwd=standard.folder).stdout
    as_older_lock(standard, "2.0")
    assert lab.hybrid_install.succeeding("export", cwd=standard.folder).stdout == newer


def test_what_cannot_be_selected_is_poetry_s_altogether(lab: Lab, standard: Project) -> None:
    """Poetry fails to solve this lock, and says so itself."""
    as_older_lock(standard, "2.0", without="bravo")

    refused = lab.refuse(standard)

    assert "only Poetry's solver can tell what the lock selects" in refused.stderr
    assert "no locked package satisfies bravo (>=1)" in refused.stderr
