"""What the pages in docs/ say, done as they say it."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support import plain_yaml
from support.bare import REPOSITORY, URL, Bare
from support.github import Job
from support.index import Source
from support.lab import Lab
from support.pages import Page
from support.projects import Group, Project, Spec
from support.sandbox import run

pytestmark = pytest.mark.steps

DOCS = REPOSITORY / "docs"


@pytest.fixture
def my_project(lab: Lab, shop: Source) -> Project:
    """The project of the pages."""
    spec = Spec(
        {"shop": lab.index.url(shop)},
        ("alpha",),
        name="my-project",
        groups={"docs": Group(("foxtrot-docs",), optional=True)},
        imports=("alpha", "bravo"),
    )
    return lab.project(spec)


@pytest.fixture
def machine(bare: Bare, lab: Lab, my_project: Project) -> Bare:
    """A newcomer's, whose home is the folder with the project in it."""
    home = {"HOME": str(lab.folder), "XDG_DATA_HOME": str(lab.folder / ".local" / "share")}
    return replace(bare, sandbox=bare.sandbox.having(**home)).having_uv().knowing_the_url()


def test_bootstrap(machine: Bare, lab: Lab, my_project: Project) -> None:
    page = Page.read(DOCS / "bootstrap.md")
    assert len(page.not_run) == 1
    page.run(machine.environ, lab.folder)

    lab.assert_poetry_finds_nothing_to_do(my_project, "--with", "docs")
    trusted = Path(machine.environ["XDG_CONFIG_HOME"]) / "hybrid-install" / "trusted"
    assert trusted.read_text() == f"{my_project.folder}\n"
    written = plain_yaml.load((my_project.folder / ".pre-commit-config.yaml").read_text("utf-8"))
    offered = plain_yaml.load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))
    [repository] = written["repos"]
    assert {each["id"] for each in repository["hooks"]} == {each["id"] for each in offered}


def test_any_other_ci(machine: Bare, lab: Lab, my_project: Project) -> None:
    page = DOCS / "deploy-in-ci.md"
    Page.read(page, section="Any other CI").run(machine.environ, lab.folder)
    lab.assert_as_poetry_makes_it(my_project, "--with", "docs")

    Page.read(page, section="When it fails").run(machine.environ, my_project.folder)


def yaml_of(section: str) -> Any:
    text = (DOCS / "deploy-in-ci.md").read_text("utf-8").partition(f"\n## {section}\n")[2]
    match = re.search(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert match
    return plain_yaml.load(match[1])


def test_github(machine: Bare, lab: Lab, my_project: Project) -> None:
    folder = lab.folder / "runner"
    folder.mkdir()
    job = Job(folder, my_project.folder, machine.environ, lab.folder / "caches")
    (lab.folder / "caches").mkdir()
    own = []
    for step in yaml_of("GitHub")["jobs"]["test"]["steps"]:
        if step.get("uses", "").startswith("tools/hybrid-install@"):
            inputs = {name.replace("-", "_"): value for name, value in step["with"].items()}
            job.run(machine.checkout, **inputs)
        elif "run" in step:
            own.append(step["run"])
    assert job.exit_code == 0, job.log
    lab.assert_as_poetry_makes_it(my_project, "--with", "docs", command="sync")
    path = ":".join([*job.path, machine.environ["PATH"]])
    environ = {**machine.environ, **job.variables, "PATH": path}
    [command] = own
    assert run(["sh", "-ec", command], environ, my_project.folder).stdout.startswith("alpha")


def test_gitlab(machine: Bare, lab: Lab, my_project: Project) -> None:
    page = yaml_of("GitLab")
    job = page["test"]
    [included] = page["include"]
    template = plain_yaml.load((machine.checkout / included["file"]).read_text("utf-8"))
    extended = template[job["extends"]]
    variables = {**extended["variables"], **job["variables"]}
    assert variables["HYBRID_INSTALL_REPOSITORY"] == f"{URL}.git"
    predefined = {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_BUILDS_DIR": str(lab.folder / "builds"),
        "CI_JOB_ID": "7",
        "CI_PROJECT_DIR": str(my_project.folder),
    }
    expanded = {
        name: re.sub(r"\$(\w+)", lambda match: predefined.get(match[1], ""), value)
        for name, value in variables.items()
    }
    script = "\n".join([*extended["before_script"], *job["script"]])
    # The sandbox has put it elsewhere.
    environ = {**machine.environ, **predefined, **expanded, "UV_CACHE_DIR": ""}
    result = run(["sh", "-ec", script], environ, my_project.folder)
    assert result.stdout.rstrip().splitlines()[-2].startswith("alpha"), str(result)

    [kept] = extended["cache"]["paths"]
    assert (my_project.folder / kept / "cache" / "uv").is_dir()
    shutil.rmtree(my_project.folder / kept)
    lab.assert_as_poetry_makes_it(my_project, "--with", "docs")


def test_a_page_that_is_wrong_fails(lab: Lab, tmp_path: Path) -> None:
    """Else the tests above would say nothing."""
    page = tmp_path / "page.md"
    cases = {
        "```console\n$ false\n$ echo later\n```\n": "page.md:2: false",
        "text\n\n```console\n$ echo one\ntwo\n```\n": "page.md:4: echo one",
        "```console\n$ printf 'b\\na\\n'\na\nb\n```\n": "does not print 'b'",
        "```sh\nexit 3\n```\n": "exit 3",
    }
    for text, said in cases.items():
        page.write_text(text)
        with pytest.raises(AssertionError, match=re.escape(said)):
            Page.read(page).run(lab.sandbox.environ, tmp_path)
    page.write_text(
        "# A\n```console\n$ false\n```\n## B\n\n<!-- not run: why -->\n```sh\nfalse\n```\n"
        "<!-- file: sub/f.txt -->\n```toml\nit's\n```\n"
        "1. item\n   ```console\n   $ cat \\\n     sub/f.txt\n   …\n   it…s\n   ```\n# C\n```sh\nfalse\n```\n"
    )
    read = Page.read(page, section="B")
    read.run(lab.sandbox.environ, tmp_path)
    assert read.not_run == ("why",)
