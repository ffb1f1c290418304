"""`verify` sees what Poetry cannot; the receipt never claims what is not there."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.cli import CommandLines
from support.index import Source
from support.lab import Lab, all_but_memory, contents
from support.oracle import pending
from support.poetry_release import since
from support.projects import Project, write_files
from support.sandbox import run
from support.venvs import install_wheels
from support.wheels import Release, Wheel

# Whoever starts one of these fails.
NO_TOOLS = {
    "HYBRID_INSTALL_UV": "/nonexistent/uv",
    "HYBRID_INSTALL_POETRY": "/nonexistent/poetry",
}

Findings = dict[tuple[str, str], str]


def verified(lab: Lab, project: Project, *options: str, ok: bool) -> Findings:
    """What `verify --json` finds, by name and kind; it asks no index and changes nothing."""
    lab.hybrid_install.environ({})  # makes the sandbox's folders
    before = all_but_memory(lab)
    mark = f"{'-'.join(options)}-{project.fingerprint}"
    with lab.index.watched() as requests, CommandLines.watched(mark) as watching:
        result = lab.hybrid_install(
            "verify", "--json", *options, cwd=project.folder, **NO_TOOLS, TEST_MARK=mark
        )
    assert not requests
    assert all_but_memory(lab) == before
    assert not [each for each in watching.seen if re.search(r"(^|/)(uv|poetry)\s", each)]
    document: dict[str, Any] = json.loads(result.stdout)
    assert (document["ok"], result.exit_code) == (ok, 0 if ok else 1), str(result)
    assert document["environment"] == str(project.venv)
    assert document["project"] == project.spec.name
    return {(each["name"], each["kind"]): each["detail"] for each in document["findings"]}


def site(project: Project) -> Path:
    (found,) = project.venv.glob("lib/python*/site-packages")
    return found


def receipt(project: Project) -> Path:
    return project.venv / "hybrid-install.json"


def package(project: Project, name: str) -> dict[str, Any]:
    """What the receipt says of a package."""
    document = json.loads(receipt(project).read_text("utf-8"))
    (found,) = [each for each in document["packages"] if each["name"] == name]
    return dict(found)


@contextmanager
def tampered(project: Project) -> Iterator[None]:
    """Whatever happens to the environment inside is undone, links and times included."""
    kept = project.folder.with_name("kept")
    shutil.copytree(project.venv, kept, symlinks=True)
    try:
        yield
    finally:
        shutil.rmtree(project.venv)
        kept.rename(project.venv)


def remove_a_file(lab: Lab, project: Project) -> None:
    (site(project) / "bravo" / "__init__.py").unlink()


def grow_a_file(lab: Lab, project: Project) -> None:
    with (site(project) / "bravo" / "__init__.py").open("a") as file:
        file.write("# more\n")


def edit_a_file(lab: Lab, project: Project) -> None:
    """As many bytes as before; uv may have linked the file to its cache."""
    path = site(project) / "bravo" / "__init__.py"
    text = path.read_text("utf-8")
    path.unlink()
    path.write_text(text.replace("plain", "pLAIN"), "utf-8")


def replace_from_another_index(lab: Lab, project: Project) -> None:
    other = lab.source(Wheel(Release("bravo", "1.2", flavour="other")))
    uv = [sys.executable, "-m", "uv", "pip", "install", "--no-config", "--no-deps", "--reinstall"]
    python = project.venv / "bin" / "python"
    index = ["--default-index", lab.index.url(other)]
    run([*uv, "--python", python, *index, "bravo==1.2"], lab.sandbox.environ, lab.folder)
    assert "other" in (site(project) / "bravo" / "__init__.py").read_text("utf-8")


def downgrade(lab: Lab, project: Project) -> None:
    install_wheels(project.venv, [Wheel(Release("bravo", "1.1"))], lab.sandbox)


def take_a_variant(lab: Lab, project: Project) -> None:
    install_wheels(project.venv, [Wheel(Release("bravo", "1.2+cpu"))], lab.sandbox)


def install_from_disk(lab: Lab, project: Project) -> None:
    install_wheels(project.venv, [Wheel(Release("bravo", "1.2"))], lab.sandbox, keep_origin=True)


def uninstall(lab: Lab, project: Project) -> None:
    uv = [sys.executable, "-m", "uv", "pip", "uninstall", "--no-config"]
    python = project.venv / "bin" / "python"
    run([*uv, "--python", python, "bravo"], lab.sandbox.environ, lab.folder)


def drop_the_installer(lab: Lab, project: Project) -> None:
    (site(project) / "bravo-1.2.dist-info" / "INSTALLER").unlink()


def lose_the_record(lab: Lab, project: Project) -> None:
    """As uv installs what has lost its RECORD in uv's cache."""
    record = site(project) / "bravo-1.2.dist-info" / "RECORD"
    notes = ("INSTALLER", "REQUESTED", "RECORD")
    record.write_text("".join(f"bravo-1.2.dist-info/{each},,\n" for each in notes), "utf-8")


def take_back_the_record(lab: Lab, project: Project) -> None:
    """The archive's own one, as uv leaves it that is killed before it writes its own."""
    record = site(project) / "bravo-1.2.dist-info" / "RECORD"
    lines = record.read_text("utf-8").splitlines(keepends=True)
    ours = [each for each in lines if not re.search(r"/(INSTALLER|REQUESTED),", each)]
    assert len(ours) < len(lines)
    record.write_text("".join(ours), "utf-8")


def install_twice(lab: Lab, project: Project) -> None:
    info = site(project) / "bravo-1.2.dist-info"
    shutil.copytree(info, info.with_name("bravo-1.3.dist-info"))


def lead_out(lab: Lab, project: Project) -> None:
    with (site(project) / "bravo-1.2.dist-info" / "RECORD").open("a") as record:
        record.write("../../../../../../etc/hostname,,\n")


def remove_a_launcher(lab: Lab, project: Project) -> None:
    (project.venv / "bin" / "bravo").unlink()


def remove_the_script(lab: Lab, project: Project) -> None:
    (project.venv / "bin" / "acme-app").unlink()


def misguide_the_script(lab: Lab, project: Project) -> None:
    script = project.venv / "bin" / "acme-app"
    script.write_text(script.read_text("utf-8").replace("import main", "import mean"), "utf-8")


def unbind_the_root(lab: Lab, project: Project) -> None:
    (info,) = site(project).glob("acme_app-*.dist-info")
    shutil.rmtree(info)


def bind_another_folder(lab: Lab, project: Project) -> None:
    (info,) = site(project).glob("acme_app-*.dist-info")
    origin = {"url": lab.folder.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(origin), "utf-8")


Tampering = Callable[[Lab, Project], None]

# What is done, how it must be looked for, what must be found, whether Poetry would see it too.
TAMPERINGS: tuple[tuple[Tampering, tuple[str, ...], tuple[str, str], str, bool], ...] = (
    (remove_a_file, (), ("bravo", "damaged-files"), r"bravo/__init__\.py is missing", False),
    (grow_a_file, (), ("bravo", "damaged-files"), r"has \d+ bytes instead of \d+", False),
    (edit_a_file, ("--deep",), ("bravo", "damaged-files"), "has other contents", False),
    (replace_from_another_index, (), ("bravo", "replaced"), "uv has replaced it", False),
    (drop_the_installer, (), ("bravo", "half-installed"), "INSTALLER", False),
    (lose_the_record, (), ("bravo", "half-installed"), "RECORD", False),
    (take_back_the_record, (), ("bravo", "half-installed"), "RECORD", False),
    (install_twice, (), ("bravo", "installed-twice"), r"1\.2 and 1\.2", False),
    (lead_out, (), ("bravo", "damaged-files"), "leads out of the environment", False),
    (remove_a_launcher, (), ("bravo", "damaged-files"), r"bin/bravo is missing", False),
    (remove_the_script, (), ("acme-app", "damaged-files"), "bin/acme-app is missing", False),
    (remove_the_script, (), ("acme-app", "wrong-script"), "acme-app is missing", False),
    (misguide_the_script, (), ("acme-app", "wrong-script"), "does not start", False),
    (unbind_the_root, (), ("acme-app", "root-not-bound"), "not installed", False),
    (bind_another_folder, (), ("acme-app", "root-not-bound"), "another place", False),
    (downgrade, (), ("bravo", "wrong-version"), r"1\.1 is installed, 1\.2 is locked", True),
    (take_a_variant, (), ("bravo", "wrong-variant"), r"1\.2\+cpu is installed", True),
    (install_from_disk, (), ("bravo", "wrong-origin"), "locked to an index", True),
    (uninstall, (), ("bravo", "missing"), "is not installed", True),
)


def test_every_tampering_is_found(lab: Lab, standard: Project) -> None:
    """Poetry's own dry run sees only the last ones."""
    lab.install(standard, "--with", "docs")
    assert verified(lab, standard, "--with", "docs", ok=True) == {}
    assert verified(lab, standard, "--with", "docs", "--deep", "--sync", ok=True) == {}
    for tamper, options, finding, detail, is_seen_by_poetry in TAMPERINGS:
        with tampered(standard):
            tamper(lab, standard)
            found = verified(lab, standard, *options, ok=False)
            assert re.search(detail, found[finding]), (tamper, found)
            left = pending(standard, lab.sandbox)
            assert bool(left) is is_seen_by_poetry, (tamper, left)
    assert verified(lab, standard, "--with", "docs", ok=True) == {}


def test_an_edit_that_keeps_the_size_needs_a_deep_look(lab: Lab, standard: Project) -> None:
    lab.install(standard)
    edit_a_file(lab, standard)
    assert verified(lab, standard, ok=True) == {}
    assert ("bravo", "damaged-files") in verified(lab, standard, "--deep", ok=False)


def test_what_a_run_mends(lab: Lab, standard: Project) -> None:
    for tamper in (
        drop_the_installer,
        take_back_the_record,
        remove_the_script,
        downgrade,
        uninstall,
        install_twice,
        replace_from_another_index,
    ):
        lab.install(standard)
        tamper(lab, standard)
        assert verified(lab, standard, ok=False)
        lab.install(standard)
        assert verified(lab, standard, "--deep", ok=True) == {}


def test_a_stranger_is_noted_and_fails_under_sync(lab: Lab, standard: Project) -> None:
    lab.install(standard, "--with", "docs")
    install_wheels(standard.venv, [Wheel(Release("zulu"))], lab.sandbox)
    strangers = {("foxtrot-docs", "not-selected"), ("zulu", "not-selected")}
    assert set(verified(lab, standard, ok=True)) == strangers
    assert set(verified(lab, standard, "--sync", ok=False)) == strangers
    lab.install(standard, "--sync")
    assert verified(lab, standard, "--sync", ok=True) == {}


def test_the_selection_is_the_one_asked_for(lab: Lab, standard: Project) -> None:
    lab.install(standard, "--no-root")
    assert set(verified(lab, standard, ok=False)) == {("acme-app", "root-not-bound")}
    assert verified(lab, standard, "--no-root", ok=True) == {}
    assert set(verified(lab, standard, "--no-root", "-E", "more", ok=False)) == {
        ("delta", "missing")
    }


def test_without_an_environment(lab: Lab, standard: Project) -> None:
    assert set(verified(lab, standard, ok=False)) == {("acme-app", "no-environment")}


def test_for_people(lab: Lab, standard: Project) -> None:
    lab.install(standard)
    result = lab.hybrid_install.succeeding("verify", cwd=standard.folder)
    assert result.stdout == "6 checked, all as poetry.lock says\n"
    assert result.stderr == ""
    uninstall(lab, standard)
    result = lab.refuse(standard, "verify")
    assert re.search(
        r"^bravo +missing +1\.2 is not installed +run `hybrid-install`$",
        result.stdout,
        re.MULTILINE,
    )
    assert result.stdout.endswith("6 checked, 1 differs from poetry.lock\n")
    assert "1 differs from poetry.lock" in result.stderr


def test_an_environment_of_poetrys_own(lab: Lab, standard: Project) -> None:
    """Nothing is known of where its packages came from, and nothing is wrong with it."""
    lab.oracle.install(standard)
    run(
        [sys.executable, "-m", "poetry", "install", "--no-interaction"],
        lab.sandbox.environ,
        standard.folder,
    )
    assert set(verified(lab, standard, "--deep", ok=True)) == {("", "no-receipt")}
    lab.install(standard)
    assert verified(lab, standard, ok=True) == {}
    assert package(standard, "bravo")["by"] == "Poetry"


def test_the_receipt(lab: Lab, standard: Project, shop: Source) -> None:
    lab.install(standard)
    file = receipt(standard)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    bravo = package(standard, "bravo")
    wheel = next(each for each in shop.archives.values() if each.name == "bravo")
    assert bravo["index"] == {"name": "shop", "url": standard.spec.sources["shop"].rstrip("/")}
    assert [each["name"] for each in bravo["files"]] == [wheel.filename]
    assert bravo["by"] == "uv"
    first = file.read_bytes()
    lab.install(standard)
    assert file.read_bytes() == first
    assert not [each for each in standard.venv.iterdir() if "unfinished" in each.name]


def test_the_receipt_of_the_other_feed(lab: Lab, standard: Project) -> None:
    """uv chooses by itself among the files that it was told."""
    lab.install(standard, "--feed", "requirements")
    assert package(standard, "bravo")["files"]
    assert verified(lab, standard, "--deep", ok=True) == {}


def test_a_run_that_fails_leaves_no_receipt_and_forgets_nothing(
    lab: Lab, standard: Project
) -> None:
    lab.install(standard)
    known = package(standard, "bravo")
    package_folder = standard.folder / "src"
    package_folder.rename(standard.folder / "gone")
    lab.refuse(standard)
    assert not receipt(standard).exists()
    (standard.folder / "gone").rename(package_folder)
    lab.install(standard)
    assert package(standard, "bravo") == known


def test_a_project_that_is_bound_as_it_was_before(lab: Lab, standard: Project) -> None:
    """As a run leaves it that is cut off between uv and Poetry."""
    lab.install(lab.project(replace(standard.spec, dependencies=("charlie-tools",))))
    lab.project(standard.spec)
    lab.install(standard, "--no-root")
    details = verified(lab, standard, ok=False)
    assert re.search("before pyproject.toml was changed", details["acme-app", "root-not-bound"])
    assert re.search(r"lacks alpha\[fast\]", details["acme-app", "root-not-bound"])
    lab.install(standard)
    assert not verified(lab, standard, ok=True)


def test_a_failure_of_poetrys_does_not_lose_what_uv_was_told(lab: Lab, standard: Project) -> None:
    package_folder = standard.folder / "src"
    package_folder.rename(standard.folder / "gone")
    lab.refuse(standard)
    assert not receipt(standard).exists()
    (standard.folder / "gone").rename(package_folder)
    lab.install(standard)
    assert package(standard, "bravo")["by"] == "uv"
    assert package(standard, "bravo")["files"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": 99}', "\0", '{"schema": "1"}'])
def test_a_receipt_that_cannot_be_read_is_ignored(lab: Lab, standard: Project, text: str) -> None:
    lab.install(standard)
    receipt(standard).write_text(text, "utf-8")
    result = lab.hybrid_install.succeeding("verify", "-v", cwd=standard.folder)
    assert "the receipt is ignored" in result.stderr
    assert "note: no-receipt" in result.stdout


def test_another_file_than_the_locked_one(lab: Lab, standard: Project) -> None:
    """The lock was made again from an index whose files are others; the versions are the same."""
    lab.install(standard)
    text = standard.lock.read_text("utf-8")
    known = package(standard, "bravo")["files"][0]["hash"]
    standard.lock.write_text(text.replace(known, f"sha256:{'0' * 64}"), "utf-8")
    assert set(verified(lab, standard, ok=False)) == {("bravo", "wrong-hash")}


def test_no_secret_is_kept(lab: Lab, standard: Project) -> None:
    standard.edit("pyproject.toml", "http://", "http://user:secret@")
    lab.locksmith.declare_fresh(standard)
    lab.install(standard)
    assert "secret" not in receipt(standard).read_text("utf-8")
    assert verified(lab, standard, ok=True) == {}


def test_file_scripts_that_poetry_leaves_out_are_not_missed(lab: Lab, shop: Source) -> None:
    """Before 2.5 it makes none in place."""
    spec = lab.spec("bravo", sources=(shop,), files={"tools/run.sh": "#!/bin/sh\n"})
    project = lab.project(spec)
    project.edit(
        "pyproject.toml",
        "[[tool.poetry.source]]",
        '[tool.poetry.scripts]\nrun-it = {reference = "tools/run.sh", type = "file"}\n\n'
        "[[tool.poetry.source]]",
    )
    lab.install(project)
    (project.venv / "bin" / "run-it").unlink(missing_ok=True)
    (record,) = project.venv.glob("lib/python*/site-packages/acme_app-*/RECORD")
    lines = record.read_text("utf-8").splitlines(keepends=True)
    record.write_text("".join(line for line in lines if "run-it" not in line), "utf-8")
    receipt = project.venv / "hybrid-install.json"
    document = json.loads(receipt.read_text("utf-8"))
    receipt.write_text(json.dumps({**document, "poetry": "2.4.1"}), "utf-8")
    assert verified(lab, project, ok=True) == {}


@since(2, 5, "copies of files as scripts of an editable installation")
def test_a_file_script_is_compared_with_its_source(lab: Lab, shop: Source) -> None:
    script = "#!/bin/sh\necho plain\n"
    spec = lab.spec("bravo", sources=(shop,), files={"tools/run.sh": script})
    project = lab.project(spec)
    project.edit(
        "pyproject.toml",
        "[[tool.poetry.source]]",
        '[tool.poetry.scripts]\nrun-it = {reference = "tools/run.sh", type = "file"}\n\n'
        "[[tool.poetry.source]]",
    )
    lab.install(project)
    assert verified(lab, project, ok=True) == {}
    write_files(project.folder, {"tools/run.sh": script.replace("plain", "other")})
    found = verified(lab, project, ok=False)
    assert set(found) == {("acme-app", "wrong-script")}
    os.remove(project.venv / "bin" / "run-it")  # noqa: PTH107
    assert "run-it is missing" in verified(lab, project, ok=False)["acme-app", "wrong-script"]


def locked_to(lab: Lab, source: Source) -> Project:
    """A project with bravo from this source, written over the one that there was."""
    spec = lab.spec("bravo", sources=(source,), imports=("bravo",))
    (lab.folder / spec.name / "poetry.lock").unlink(missing_ok=True)
    return lab.project(spec)


@pytest.mark.parametrize("is_finished", [True, False])
def test_the_same_version_is_locked_to_another_index(lab: Lab, *, is_finished: bool) -> None:
    """Poetry sees no difference, and keeps what came from the other one."""
    first, second = (
        lab.source(Wheel(Release("bravo", "1.2", flavour=flavour))) for flavour in ("one", "two")
    )
    lab.install(locked_to(lab, first))
    project = locked_to(lab, second)
    assert set(verified(lab, project, ok=False)) == {("bravo", "wrong-hash")}
    assert pending(project, lab.sandbox) == []
    if not is_finished:
        receipt(project).rename(project.venv / "hybrid-install.unfinished.json")

    planned = lab.hybrid_install.succeeding("plan", cwd=project.folder, **NO_TOOLS).stdout
    result = lab.install(project, "--strict")

    assert re.search(
        rf"bravo +1\.2 .*was installed from .* of {first.name} \(.*whose hash is not", planned
    )
    assert "1 to reinstall" in result.stderr
    assert verified(lab, project, "--deep", ok=True) == {}
    lab.assert_as_poetry_makes_it(project)
    assert lab.install(project, "--strict").stderr.startswith("unchanged")


def test_the_same_file_from_another_index_is_kept(lab: Lab) -> None:
    """Hashes decide: a mirror has the same files."""
    wheel = Wheel(Release("bravo", "1.2"))
    lab.install(locked_to(lab, lab.source(wheel)))
    project = locked_to(lab, lab.source(wheel))

    assert "1 kept" in lab.install(project, "--strict").stderr
    assert verified(lab, project, ok=True) == {}


def test_what_poetry_has_installed_again_is_kept(lab: Lab, standard: Project) -> None:
    """It was held against the lock's hashes, whatever the receipt says of it."""
    lab.install(standard)
    uninstall(lab, standard)
    argv = [sys.executable, "-m", "poetry", "install", "--no-interaction"]
    run(argv, lab.sandbox.environ, standard.folder)

    assert "to reinstall" not in lab.install(standard, "--strict").stderr


def test_the_receipt_stands_where_an_index_cannot_answer(lab: Lab, standard: Project) -> None:
    """Nothing is withdrawn before anything is about to be changed."""
    lab.install(standard)
    uninstall(lab, standard)
    shutil.rmtree(lab.sandbox.folder("uv-cache"))
    before = contents(standard.venv)

    with lab.index.misbehaving(statuses={"bravo": 404}):
        lab.refuse(standard)

    assert contents(standard.venv) == before
    assert receipt(standard).exists()
