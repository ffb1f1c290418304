"""What earlier installations, and those that came to nothing, have left in an environment."""

from __future__ import annotations

import io
import shutil
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.compare import versions
from support.lab import Lab
from support.oracle import pending
from support.projects import POETRY, Group, Project, write_files
from support.sandbox import run
from support.venvs import make_with_virtualenv
from support.wheels import Release, Wheel

from hybrid_install.core.deferral import Deferral


def site(project: Project) -> Path:
    (found,) = project.venv.glob("lib/python*/site-packages")
    return found


def infos(project: Project, name: str) -> list[str]:
    """The metadata folders of a package."""
    found = [*site(project).glob(f"{name}-*.dist-info"), *site(project).glob(f"{name}*.egg-info")]
    return sorted(path.name for path in found)


def assert_nothing_is_left_to_do(lab: Lab, project: Project, *options: str) -> None:
    """A second run does nothing, Poetry would do nothing, and `verify` finds nothing."""
    again = lab.install(project, "--strict", *options)
    assert "to reinstall" not in again.stderr
    assert "to remove" not in again.stderr
    assert "left to Poetry" not in again.stderr
    command = "sync" if "--sync" in options else "install"
    assert pending(project, lab.sandbox.having(**lab.environ), command=command) == []
    assert lab.hybrid_install.succeeding("verify", *options, cwd=project.folder)


def leave(project: Project, version: str, *lacking: str) -> Path:
    """Beside bravo 1.2 the metadata of another version, without these files."""
    info = site(project) / "bravo-1.2.dist-info"
    other = info.with_name(f"bravo-{version}.dist-info")
    shutil.copytree(info, other)
    metadata = (other / "METADATA").read_text("utf-8")
    (other / "METADATA").write_text(metadata.replace("1.2", version), "utf-8")
    record = (other / "RECORD").read_text("utf-8")
    (other / "RECORD").write_text(record.replace(info.name, other.name), "utf-8")
    for name in lacking:
        (other / name).unlink()
    return other


HALVES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("0.5", ("METADATA", "RECORD", "INSTALLER")),
    ("0.5", ("RECORD",)),
    ("1.9", ("METADATA", "RECORD", "INSTALLER")),
    ("1.9", ()),
)


@pytest.mark.parametrize(("version", "lacking"), HALVES)
def test_what_another_version_has_left(
    lab: Lab, standard: Project, version: str, lacking: tuple[str, ...]
) -> None:
    """Whether it hides what is locked or is hidden by it; neither uv nor pip would remove it."""
    lab.install(standard)
    leave(standard, version, *lacking)

    result = lab.install(standard, "--strict")

    assert "1 to reinstall" in result.stderr
    assert infos(standard, "bravo") == ["bravo-1.2.dist-info"]
    lab.assert_as_poetry_makes_it(standard)
    assert_nothing_is_left_to_do(lab, standard)


def test_a_half_that_is_not_selected(lab: Lab, standard: Project) -> None:
    """Nor does sync stumble on it; what is not of that package stays."""
    lab.install(standard)
    half = site(standard) / "zulu-1.0.dist-info"
    write_files(half, {"METADATA": "Metadata-Version: 2.1\nName: zulu\nVersion: 1.0\n"})
    elsewhere = lab.folder / "yankee-1.0.dist-info"
    write_files(elsewhere, {"precious.txt": "all of it"})
    (site(standard) / elsewhere.name).symlink_to(elsewhere)
    write_files(site(standard), {"zulu/data.txt": "whose is it?"})

    lab.install(standard, "--sync")

    assert not half.exists()
    assert (elsewhere / "precious.txt").read_text() == "all of it"
    assert (site(standard) / "zulu" / "data.txt").exists()


def legacy(project: Project, name: str, version: str, *, installed_files: bool) -> None:
    """What `setup.py install --single-version-externally-managed --record` leaves."""
    metadata = f"Metadata-Version: 1.1\nName: {name}\nVersion: {version}\n"
    info = f"{name}-{version}-py3.11.egg-info"
    files = {f"{name}/__init__.py": "", f"{info}/PKG-INFO": metadata}
    files[f"{info}/top_level.txt"] = f"{name}\n"
    if installed_files:
        files |= {f"{name}_extra.py": ""}
        listed = f"../{name}/__init__.py\n../{name}_extra.py\nPKG-INFO\n"
        files[f"{info}/installed-files.txt"] = listed
    write_files(site(project), files)


def test_what_an_old_setuptools_has_installed_is_poetry_s_to_remove(
    lab: Lab, standard: Project
) -> None:
    """One that is replaced, one that is removed, one that is as locked and stays."""

    def fill(project: Project) -> None:
        make_with_virtualenv(project.venv, lab.sandbox)
        legacy(project, "bravo", "1.0", installed_files=True)
        legacy(project, "zulu", "3.0", installed_files=True)
        legacy(project, "yankee", "3.0", installed_files=False)
        legacy(project, "golf", "7.0", installed_files=True)

    fill(standard)
    result = lab.install(standard, "--sync", "--strict", "-v")

    for name in ("bravo 1.2", "zulu 3.0", "yankee 3.0"):
        assert f"{name} is Poetry's: {Deferral.LEGACY.value}" in result.stderr
    assert {"zulu", "yankee"}.isdisjoint(versions(standard.venv))
    assert not (site(standard) / "bravo_extra.py").exists()
    assert infos(standard, "golf") == ["golf-7.0-py3.11.egg-info"]
    seen = lab.assert_as_poetry_makes_it(standard, command="sync", before=fill)
    assert seen.distributions["bravo"].installer != "uv"
    assert_nothing_is_left_to_do(lab, standard, "--sync")


def test_what_distutils_has_installed_nobody_can_remove(lab: Lab, standard: Project) -> None:
    """pip refuses, and so Poetry does: in the same words, and with all the rest installed."""

    def fill(project: Project) -> None:
        make_with_virtualenv(project.venv, lab.sandbox)
        metadata = "Metadata-Version: 1.1\nName: bravo\nVersion: 1.0\n"
        write_files(site(project), {"bravo-1.0.egg-info": metadata, "bravo.py": ""})

    fill(standard)
    result = lab.refuse(standard)
    argv = [*POETRY, "install", "--no-interaction", "--no-ansi"]
    alone = run(argv, lab.sandbox.environ, standard.folder, check=False)

    words = "distutils-installed-package"
    assert alone.exit_code == 1
    assert words in alone.output
    assert words in result.output
    assert "is what Poetry says" in result.stderr or "Poetry failed" in result.stderr
    assert infos(standard, "bravo") == ["bravo-1.0.egg-info"]


def test_what_flit_has_installed_goes_whole(lab: Lab, standard: Project) -> None:
    """Its RECORD names commands absolutely and modules as everybody does."""

    def fill(project: Project) -> None:
        make_with_virtualenv(project.venv, lab.sandbox)
        for name, version in (("bravo", "1.0"), ("zulu", "3.0")):
            by_flit(project, name, version)

    fill(standard)
    result = lab.install(standard, "--sync", "--strict")

    assert "1 to reinstall, 1 to remove" in result.stderr
    assert not (site(standard) / "zulu").exists()
    assert not (site(standard) / "bravo" / "old.py").exists()
    assert not (standard.venv / "bin" / "zulu").exists()
    lab.assert_as_poetry_makes_it(standard, command="sync", before=fill)
    assert_nothing_is_left_to_do(lab, standard, "--sync")


def by_flit(project: Project, name: str, version: str) -> None:
    """What `flit install` leaves."""
    info, command = f"{name}-{version}.dist-info", project.venv / "bin" / name
    paths = [f"{name}/__init__.py", f"{name}/old.py", command, f"{info}/METADATA"]
    record = "".join(f"{path},,\n" for path in (*paths, f"{info}/INSTALLER", f"{info}/RECORD"))
    files = {
        f"{name}/__init__.py": "",
        f"{name}/old.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/INSTALLER": "flit",
        f"{info}/RECORD": record,
    }
    write_files(site(project), files)
    write_files(command.parent, {name: f"#!{project.venv}/bin/python\n"})


def kilo_wheel() -> Wheel:
    """With a RECORD that uv writes in several blocks, and with files elsewhere."""
    modules = {f"kilo/{'m' * length}.py": "" for length in range(1, 150)}
    release = Release("kilo", console_scripts={"kilo": "kilo:main"}, modules=modules)
    return Wheel(release, data={"scripts/kilo-tool": "#!python\n", "data/share/kilo.txt": "k"})


@pytest.fixture
def kilo(lab: Lab) -> Project:
    """A project that has kilo in a group of its own, installed."""
    source = lab.source(kilo_wheel(), Wheel(Release("lima", console_scripts={"lima": "lima:main"})))
    groups = {"docs": Group(("kilo",), optional=True)}
    project = lab.project(lab.spec("lima", sources=(source,), groups=groups))
    lab.install(project, "--with", "docs")
    return project


def record_of(project: Project, name: str) -> Path:
    (found,) = site(project).glob(f"{name}-*.dist-info/RECORD")
    return found


def write_as_if_killed(project: Project, record: Path, text: str) -> None:
    """Another file: the old one may be uv's cache's too."""
    record.unlink()
    record.write_text(text, "utf-8")
    receipt = project.venv / "hybrid-install.json"
    receipt.replace(receipt.with_name("hybrid-install.unfinished.json"))


def of_archive(_: str) -> str:
    """As uv has it before it has written its own."""
    with zipfile.ZipFile(io.BytesIO(kilo_wheel().content)) as archive:
        return archive.read("kilo-1.0.dist-info/RECORD").decode()


def within_a_line(text: str) -> str:
    """Past the first block, where a line has two fields."""
    return text[: text.index(",", text.index("sha256=", 8192))]


def between_lines(text: str) -> str:
    """As many lines as fill a block."""
    lines = sorted(text.splitlines(keepends=True), key=lambda line: "kilo/m" in line)
    size, cut = 4096, ""
    while lines and len(cut) < size:
        missing = size - len(cut)
        fits = [line for line in lines if len(line) == missing]
        line = (fits or lines)[0]
        lines.remove(line)
        cut += line
    assert len(cut) == size
    return cut


@pytest.mark.parametrize("cut", [of_archive, within_a_line, between_lines])
def test_what_uv_had_not_recorded_when_it_was_killed(
    lab: Lab, kilo: Project, cut: Callable[[str], str]
) -> None:
    """It is installed again where it is kept."""
    record = record_of(kilo, "kilo")
    write_as_if_killed(kilo, record, cut(record.read_text("utf-8")))

    assert "1 to reinstall" in lab.install(kilo, "--with", "docs").stderr

    lab.assert_as_poetry_makes_it(kilo, "--with", "docs")
    assert_nothing_is_left_to_do(lab, kilo, "--with", "docs")


def test_a_run_that_comes_to_nothing_leaves_it_half(lab: Lab, kilo: Project) -> None:
    """What was mended to be replaced is not whole because of that."""
    record = record_of(kilo, "kilo")
    write_as_if_killed(kilo, record, within_a_line(record.read_text("utf-8")))
    uv = lab.folder / "uv"
    real = f"{sysconfig.get_path('scripts')}/uv"
    uv.write_text(f'#!/bin/sh\ncase "$*" in *--reinstall*) exit 2;; esac\nexec {real} "$@"\n')
    uv.chmod(0o755)

    lab.refuse(kilo, "--with", "docs", HYBRID_INSTALL_UV=str(uv))

    assert record.read_bytes().endswith(b"\n")
    assert "1 to reinstall" in lab.install(kilo, "--with", "docs").stderr
    lab.assert_as_poetry_makes_it(kilo, "--with", "docs")


@pytest.mark.parametrize("cut", [of_archive, within_a_line])
def test_what_was_not_recorded_is_gone_with_the_rest(
    lab: Lab, kilo: Project, cut: Callable[[str], str]
) -> None:
    """Where the package is removed: its commands and data too, as far as anything names them."""
    record = record_of(kilo, "kilo")
    write_as_if_killed(kilo, record, cut(record.read_text("utf-8")))

    lab.install(kilo, "--sync")

    assert infos(kilo, "kilo") == []
    assert not [path for path in kilo.venv.rglob("kilo*") if path != site(kilo) / "kilo"]
    if cut is of_archive:  # of the others' modules some are nobody's
        lab.assert_as_poetry_makes_it(kilo)
        assert_nothing_is_left_to_do(lab, kilo, "--sync")


@pytest.mark.parametrize("is_unfinished", [True, False])
def test_what_a_poetry_left_that_was_killed_as_it_bound_the_project(
    lab: Lab, standard: Project, is_unfinished: bool
) -> None:
    """A direct_url.json without contents, on which Poetry itself ends each time."""
    lab.install(standard)
    (info,) = site(standard).glob("acme_app-*.dist-info")
    (info / "direct_url.json").write_text("")
    if is_unfinished:
        receipt = standard.venv / "hybrid-install.json"
        receipt.rename(receipt.with_name("hybrid-install.unfinished.json"))
    lab.install(standard)
    lab.assert_as_poetry_makes_it(standard)
    assert_nothing_is_left_to_do(lab, standard)
