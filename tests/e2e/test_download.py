"""Files in a folder, and an installation from them that asks nobody."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.cli import CommandLines
from support.index import Account, Index, until
from support.lab import Lab, assert_nothing_is_installed, contents
from support.projects import Project
from support.sandbox import Result, run
from support.tls import Authority, make_authority
from support.venvs import launch
from support.wheels import Release, Sdist, Wheel, sha256, source_tree

pytestmark = pytest.mark.extended

ALPHA = Wheel(Release("alpha", requires=("bravo",)))
BRAVO = Wheel(Release("bravo", "1.2"))
BIG = Wheel(Release("big"), padding=400_000)

DEAD_END = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"),
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9"),
    "NO_PROXY": "",
    "no_proxy": "",
}


@pytest.fixture
def project(lab: Lab) -> Project:
    return lab.project(
        lab.spec("alpha", "big", sources=(lab.source(ALPHA, BRAVO, BIG),), imports=("alpha",))
    )


@pytest.fixture
def resuming(lab: Lab) -> Iterator[None]:
    """A server that goes on in the middle of a file."""
    lab.index.serves_ranges = True
    yield
    lab.index.serves_ranges = False


def download(lab: Lab, project: Project, *options: str | Path, **variables: str) -> Result:
    return lab.install(project, "download", *options, **variables)


def install_offline(lab: Lab, project: Project, *options: str | Path) -> Result:
    """With cold caches, and every way out a dead end: not one request arrives."""
    shutil.rmtree(lab.sandbox.folder("uv-cache"))
    with lab.index.watched() as requests:
        result = lab.install(
            project, "--find-links", "wheelhouse", "--offline", "--strict", *options, **DEAD_END
        )
    assert requests == []
    return result


def names_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_is_fetched_is_installed_without_a_network(lab: Lab, project: Project) -> None:
    download(lab, project)
    house = project.folder / "wheelhouse"
    assert names_in(house) == {ALPHA.filename, BRAVO.filename, BIG.filename}
    for wheel in (ALPHA, BRAVO, BIG):
        assert (house / wheel.filename).read_bytes() == wheel.content
    assert_nothing_is_installed(project)

    before = contents(house)
    house.chmod(0o555)
    install_offline(lab, project)
    assert contents(house) == before
    house.chmod(0o755)
    lab.assert_as_poetry_makes_it(project)
    lab.install(project, "verify", "--deep")
    assert "alpha 1.0 plain" in launch(project.venv, "acme-app", lab.sandbox).stdout

    again = install_offline(lab, project)
    assert "3 kept" in again.stderr


def test_in_a_namespace_without_a_network(lab: Lab, project: Project) -> None:
    """The kernel's word: there is no interface but a loopback that is down."""
    unshare = [*("unshare", "--map-root-user", "--net", "--")]
    if run([*unshare, "true"], {}, lab.folder, check=False).exit_code != 0:
        pytest.skip("this machine makes no namespaces")
    download(lab, project)
    command = lab.hybrid_install
    options = ("--find-links", "wheelhouse", "--offline", "--strict")
    run([*unshare, *command.argv(options)], command.environ({}), project.folder)
    lab.assert_as_poetry_makes_it(project)


def test_variables_say_it_too(lab: Lab, project: Project) -> None:
    download(lab, project, "-o", "files")
    lab.install(project, HYBRID_INSTALL_FIND_LINKS="files", HYBRID_INSTALL_OFFLINE="1", **DEAD_END)
    lab.assert_as_poetry_makes_it(project)


def test_what_is_there_is_not_fetched_again(lab: Lab, project: Project) -> None:
    download(lab, project)
    house = project.folder / "wheelhouse"
    before = contents(house)
    with lab.index.watched() as requests:
        result = download(lab, project)
    assert "0 files" in result.stderr
    assert "3 there already" in result.stderr
    assert not [each for each in requests if each.is_download]
    assert contents(house) == before

    (house / BRAVO.filename).unlink()
    with lab.index.watched() as requests:
        download(lab, project)
    assert [each.path.rpartition("/")[2] for each in requests if each.is_download] == [
        BRAVO.filename
    ]


@pytest.mark.usefixtures("resuming")
def test_a_killed_download_goes_on_where_it_ended(lab: Lab, project: Project) -> None:
    house = project.folder / "wheelhouse"
    with lab.index.misbehaving(drips={BIG.filename: 100_000.0}):
        running = lab.hybrid_install.start("download", cwd=project.folder)
        until(lambda: sizes(house) > 60_000, 30, "a part arrives")
        os.killpg(running.process.pid, signal.SIGKILL)
        running.process.communicate()
    assert BIG.filename not in names_in(house)
    begun = sizes(house)

    with lab.index.watched() as requests:
        download(lab, project)
    [partial] = [each for each in requests if each.status == 206]
    assert partial.asked_range == f"bytes={begun}-"
    assert (house / BIG.filename).read_bytes() == BIG.content
    assert not list(house.glob("*.part"))


def sizes(house: Path) -> int:
    return sum(path.stat().st_size for path in house.glob("big*.part"))


def test_whoever_interrupts_need_not_wait(lab: Lab, project: Project) -> None:
    house = project.folder / "wheelhouse"
    with lab.index.misbehaving(drips={BIG.filename: 20_000.0}):
        running = lab.hybrid_install.start("download", cwd=project.folder)
        until(lambda: sizes(house) > 0, 30, "a part arrives")
        running.interrupt(signal.SIGINT)
        assert running.result(5).exit_code == 130


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_that_ends_too_early(lab: Lab, project: Project, ranges: bool) -> None:
    """Each try comes further where the server can go on; elsewhere they run out."""
    lab.index.serves_ranges = ranges
    try:
        with lab.index.misbehaving(cuts={BIG.filename: 100_000}):
            result = lab.hybrid_install("download", cwd=project.folder, UV_HTTP_RETRIES="1")
    finally:
        lab.index.serves_ranges = False
    assert result.exit_code == (0 if ranges else 1)
    house = project.folder / "wheelhouse"
    assert (BIG.filename in names_in(house)) is ranges
    if not ranges:
        assert "big 1.0" in result.stderr
        assert "the connection ended before the file did" in result.stderr
        assert {ALPHA.filename, BRAVO.filename} <= names_in(house)
        download(lab, project)
    assert (house / BIG.filename).read_bytes() == BIG.content


@pytest.mark.usefixtures("resuming")
@pytest.mark.parametrize("part", [BIG.content[:1000] + b"x" * 9000, BIG.content + b"more", b""])
def test_a_part_that_is_none(lab: Lab, project: Project, part: bytes) -> None:
    """Other contents, too many, none: fetched anew."""
    house = project.folder / "wheelhouse"
    house.mkdir()
    digest = sha256(BIG.content)
    (house / f"{BIG.filename}.{digest[:16]}.part").write_bytes(part)
    download(lab, project)
    assert names_in(house) == {ALPHA.filename, BRAVO.filename, BIG.filename}
    assert (house / BIG.filename).read_bytes() == BIG.content


def test_other_contents_than_were_locked(lab: Lab, project: Project) -> None:
    with lab.index.misbehaving(contents={BIG.filename: BIG.tampered}):
        refused = lab.refuse(project, "download")
    assert "big 1.0" in refused.stderr
    assert "not the hash that poetry.lock names" in refused.stderr
    assert names_in(project.folder / "wheelhouse") == {ALPHA.filename, BRAVO.filename}


def test_a_server_that_is_busy_for_a_while(lab: Lab, project: Project) -> None:
    with lab.index.misbehaving(statuses={BIG.filename: 503}):
        refused = lab.refuse(project, "download", UV_HTTP_RETRIES="1")
    assert "the server answers 503" in refused.stderr
    assert "1 file of 3 could not be fetched" in refused.stderr


def test_a_private_index(lab: Lab) -> None:
    account = Account("clerk", "p:a@ss/word")
    source = lab.source(ALPHA, BRAVO, account=account)
    lab.environ[f"POETRY_HTTP_BASIC_{source.name.upper()}_USERNAME"] = account.username
    lab.environ[f"POETRY_HTTP_BASIC_{source.name.upper()}_PASSWORD"] = account.password
    project = lab.project(lab.spec("alpha", sources=(source,)))
    mark = f"download-{project.fingerprint}"
    with CommandLines.watched(mark) as watching:
        result = download(lab, project, "-vvv", TEST_MARK=mark)
    assert not [line for line in watching.seen if account.password in line]
    assert account.password not in result.output
    house = project.folder / "wheelhouse"
    assert names_in(house) == {ALPHA.filename, BRAVO.filename}
    for name in list(lab.environ):
        del lab.environ[name]
    install_offline(lab, project)

    shutil.rmtree(house)
    refused = lab.refuse(project, "download")
    assert "alpha" in refused.stderr


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.mark.parametrize("way", ["cert", "client-cert", "false"])
def test_an_index_that_only_the_project_trusts(lab: Lab, authority: Authority, way: str) -> None:
    with Index(authority.server) as index:
        secure = replace(lab, index=index)
        trusting = replace(secure, environ={"REQUESTS_CA_BUNDLE": str(authority.certificate)})
        source = secure.source(BRAVO)
        project = trusting.project(secure.spec("bravo", sources=(source,)))
        refused = secure.refuse(project, "download", UV_HTTP_RETRIES="0")
        assert "certificate" in refused.stderr.lower()
        cert = "false" if way == "false" else f'"{authority.certificate}"'
        client = f'client-cert = "{authority.client}"\n' if way == "client-cert" else ""
        (project.folder / "poetry.toml").write_text(
            f"[virtualenvs]\nin-project = true\n[certificates.{source.name}]\ncert = {cert}\n{client}"
        )
        if client:
            with authority.demanding_certificates():
                download(secure, project)
        else:
            download(secure, project)
    assert names_in(project.folder / "wheelhouse") == {BRAVO.filename}


def test_a_missing_file_is_named_before_anything_is_made(lab: Lab, project: Project) -> None:
    download(lab, project)
    house = project.folder / "wheelhouse"
    (house / BIG.filename).write_bytes(BIG.tampered)
    (house / BRAVO.filename).unlink()
    refused = lab.refuse(project, "--find-links", house, "--offline", "--all-groups")
    assert f"big 1.0: {BIG.filename}" in refused.stderr
    assert f"bravo 1.2: {BRAVO.filename}" in refused.stderr
    assert "alpha" not in refused.stderr
    assert f"hybrid-install download -o {house} --all-groups" in refused.stderr
    assert not project.venv.exists()

    lab.install(project, "--find-links", house)
    lab.assert_as_poetry_makes_it(project)
    nowhere = lab.refuse(project, "--find-links", "nowhere")
    assert "there is no folder" in nowhere.stderr


def test_the_folder_first_then_the_index(lab: Lab, project: Project) -> None:
    download(lab, project)
    (project.folder / "wheelhouse" / BRAVO.filename).unlink()
    with lab.index.watched() as requests:
        lab.install(project, "--find-links", "wheelhouse")
    assert {each.path.split("/")[2] for each in requests} == {"simple", "files"}
    assert not [each for each in requests if "bravo" not in each.path]
    lab.assert_as_poetry_makes_it(project)


def test_offline_without_a_folder_there_is_uv_s_cache(lab: Lab, project: Project) -> None:
    refused = lab.refuse(project, "--offline", **DEAD_END)
    assert "--find-links" in refused.stderr
    assert_nothing_is_installed(project)

    lab.install(project)
    shutil.rmtree(project.venv)
    with lab.index.watched() as requests:
        lab.install(project, "--offline", **DEAD_END)
    assert requests == []
    lab.assert_as_poetry_makes_it(project)


def test_what_is_built_needs_its_tools_in_the_folder(lab: Lab) -> None:
    tool = Wheel(Release("buildtool", "1.5"))
    source = lab.source(tool, Sdist(Release("built"), ("buildtool>=1",)), Sdist(Release("plain")))
    project = lab.project(lab.spec("built", "plain", sources=(source,), imports=("built",)))
    result = download(lab, project)
    assert "built 1.0 is built when it is installed, with buildtool>=1" in result.stderr
    assert "plain 1.0 is built" not in result.stderr
    assert "pip download -d" in result.stderr
    refused = lab.refuse(project, "--find-links", "wheelhouse", "--offline", **DEAD_END)
    assert "build requirements" in refused.stderr

    (project.folder / "wheelhouse" / tool.filename).write_bytes(tool.content)
    install_offline(lab, project)
    lab.assert_as_poetry_makes_it(project)


def test_archives_folders_and_repositories(lab: Lab) -> None:
    """Two archives of one name do not get into each other's way."""
    one = Wheel(Release("one"))
    first, second = lab.source(one), lab.source(Sdist(Release("two")), ALPHA, BRAVO)
    sdist = next(iter(second.archives.values()))
    twin = f"{lab.index.address}/{first.name}/files/{sdist.filename}"
    other = Sdist(Release("other"))
    first.archives[sdist.filename] = _Renamed(other, sdist.filename)
    in_tree = {f"folder/{path}": text for path, text in source_tree(Release("three")).items()}
    pinned = {
        "one": {"url": f"{lab.index.file_url(first, one)}#sha256={sha256(one.content)}"},
        "two": {"url": lab.index.file_url(second, sdist)},
        "other": {"url": twin},
        "three": {"path": "folder"},
    }
    spec = lab.spec(
        "alpha", *pinned, sources=(second,), pinned=pinned, files=in_tree, imports=("three",)
    )
    project = lab.project(spec)
    result = download(lab, project, "-v", "--strict")
    assert "three 1.0 is in the project's tree: folder" in result.stderr
    house = project.folder / "wheelhouse"
    assert {path.rpartition("/")[2] for path in names_in(house)} == {
        one.filename,
        sdist.filename,
        ALPHA.filename,
        BRAVO.filename,
    }
    assert len(names_in(house)) == 5
    install_offline(lab, project)
    lab.assert_as_poetry_makes_it(project)

    module = project.folder / "folder/_backend/in_tree.py"
    module.write_text(module.read_text("utf-8").replace('"plain"', '"changed"'), "utf-8")
    shutil.rmtree(project.venv)
    lab.install(project, "--find-links", "wheelhouse", "--offline", **DEAD_END)
    assert "three 1.0 changed" in launch(project.venv, "acme-app", lab.sandbox).stdout


class _Renamed:
    """An archive under a name that is not its own."""

    def __init__(self, archive: Sdist, filename: str) -> None:
        self.filename, self.content, self.name = filename, archive.content, archive.name
        self.version, self.requires_python = archive.version, archive.requires_python
        self.metadata = None


def test_what_only_poetry_installs_is_named(lab: Lab) -> None:
    from support.git import repository

    url = repository(lab.folder / "repository", source_tree(Release("in-git")))
    source = lab.source(BRAVO)
    spec = lab.spec(
        "bravo", "in-git", sources=(source,), pinned={"in-git": {"git": url, "develop": True}}
    )
    project = lab.project(spec)
    result = download(lab, project)
    assert "in-git 1.0 is not fetched: only Poetry installs it" in result.stderr
    refused = lab.refuse(project, "download", "--strict")
    assert "in-git 1.0 is not fetched" in refused.stderr

    offline = lab.refuse(project, "--find-links", "wheelhouse", "--offline")
    assert "in-git 1.0" in offline.stderr
    assert "needs the network" in offline.stderr
    assert not project.venv.exists()


@pytest.mark.parametrize("options", [("--no-editable",), ()], ids=["wheel", "script"])
def test_a_build_that_poetry_fetches_for_is_refused(
    lab: Lab, project: Project, options: tuple[str, ...]
) -> None:
    """A wheel with build requirements, a build script: before anything is made."""
    download(lab, project)
    if options:
        project.edit("pyproject.toml", '["poetry-core"]', '["poetry-core", "setuptools"]')
    else:
        build = '[tool.poetry.build]\nscript = "build.py"\n\n[[tool.poetry.source]]'
        project.edit("pyproject.toml", "[[tool.poetry.source]]", build)
        (project.folder / "build.py").write_text("", "utf-8")
    with lab.index.watched() as requests:
        offline = ("--find-links", "wheelhouse", "--offline", *options)
        refused = lab.refuse(project, *offline)
        assert "Poetry needs the network to build the project, with poetry-core" in refused.stderr
        assert not project.venv.exists()
        lab.install(project, *offline, "--no-root", **DEAD_END)
    assert requests == []


ARM = Wheel(Release("native", flavour="arm"), tag="cp312-cp312-manylinux_2_17_aarch64")
NEWER = Wheel(Release("native", flavour="newer"), tag="cp312-cp312-manylinux_2_34_aarch64")
MAC = Wheel(Release("native", flavour="mac"), tag="cp312-cp312-macosx_11_0_arm64")
HERE = Wheel(Release("native", flavour="here"), tag="py3-none-any")


def test_another_target(lab: Lab) -> None:
    """Markers, tags and Python are the target's; only wheels are fetched."""
    only_arm = Wheel(Release("only-arm"))
    only_mac = Wheel(Release("only-mac"))
    source = lab.source(ARM, NEWER, MAC, HERE, Sdist(Release("native")), only_arm, only_mac)
    names = (
        "native",
        "only-arm; platform_machine == 'aarch64' and sys_platform == 'linux'",
        "only-mac; sys_platform == 'darwin' and platform_release >= '20.0'",
    )
    project = lab.project(lab.spec(*names, sources=(source,)))
    expected = {
        ("aarch64-unknown-linux-gnu", "3.12"): {ARM.filename, only_arm.filename},
        ("aarch64-manylinux_2_35", "3.12"): {NEWER.filename, only_arm.filename},
        ("aarch64-unknown-linux-musl", "3.12"): {HERE.filename, only_arm.filename},
        ("macos", "3.12"): {MAC.filename, only_mac.filename},
        ("linux", "3.13"): {HERE.filename},
    }
    for number, ((platform, python), files) in enumerate(expected.items()):
        house = f"house{number}"
        download(lab, project, "-o", house, "--platform", platform, "--python-version", python)
        assert names_in(project.folder / house) == files, platform

    wrong = lab.hybrid_install("download", "--platform", "amiga", cwd=project.folder)
    assert wrong.exit_code == 2
    assert "there is no platform 'amiga'" in wrong.stderr
    old = lab.refuse(project, "download", "--python-version", "3.8")
    assert "Python 3.8" in old.stderr


def test_another_target_without_a_wheel(lab: Lab) -> None:
    source = lab.source(BRAVO, MAC, Sdist(Release("native")))
    project = lab.project(lab.spec("bravo", "native", sources=(source,)))
    refused = lab.refuse(project, "download", "--platform", "linux")
    assert f"native 1.0: {MAC.filename}" in refused.stderr
    assert "bravo" not in refused.stderr
    assert not (project.folder / "wheelhouse").exists()
