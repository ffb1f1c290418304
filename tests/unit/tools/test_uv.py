"""What uv is told, to the word, and in which environment."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from support.fakes import FakeRunner, access, interpreter, requirement, sdist, wheel

from hybrid_install.core.credentials import Credentials
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    DirectorySource,
    Hash,
    Index,
    LockedFile,
    UrlSource,
    normalize_name,
)
from hybrid_install.core.pylock import PinnedFile, synthetic_project
from hybrid_install.core.requirements import DirectRequirement, requirements_txt
from hybrid_install.core.uv_config import IndexAccess, NamedIndex, Trust
from hybrid_install.environment.probe import presumed
from hybrid_install.errors import ToolError
from hybrid_install.tools import uv as uv_tool
from hybrid_install.tools.process import Command
from hybrid_install.tools.uv import InstallTarget, Offered, Uv

PYTHON = Path("/venv/bin/python")
SECRET = Credentials("me", "secret")
OURS = {"UV_NO_CONFIG": "1", "UV_PREVIEW_FEATURES": "pylock"}


def uv(runner: FakeRunner, **environ: str) -> Uv:
    return Uv(Path("/uv"), "a test", runner, environ)


class Folder(dict[str, str]):
    """The files in a command's folder while it runs."""

    def read(self, command: Command) -> str:
        assert command.cwd is not None
        self.update({path.name: path.read_text("utf-8") for path in command.cwd.iterdir()})
        return ""


def test_the_version() -> None:
    runner = FakeRunner(["uv 0.13.9 (abcdef 2026-01-01)\n"])
    assert uv(runner).version() == "0.13.9"
    assert runner.only == Command(argv=("/uv", "--version"), env=OURS)


def test_an_answer_without_a_version_is_an_error_with_a_hint() -> None:
    with pytest.raises(ToolError, match=r"/uv --version answers 'what\?'") as error:
        uv(FakeRunner(["what?\n"])).version()
    assert error.value.hint is not None


@pytest.mark.parametrize(
    ("version", "supported"),
    [
        ("0.12.9", False),
        ("0.13.0", True),
        ("0.13.99", True),
        ("0.14.0", False),
        ("1.0", False),
        ("0.9.0", False),
    ],
)
def test_the_versions_that_tests_run_with(version: str, supported: bool) -> None:
    assert (uv_tool.misfit_of(version) is None) is supported


def test_uv_is_asked_for_its_default_index_beside_an_empty_file() -> None:
    runner = FakeRunner(["--index-url https://default.invalid/simple/\n"])
    assert uv(runner).default_index_url() == "https://default.invalid/simple"
    assert runner.only.cwd == Path("/")
    assert runner.only.argv == (
        *("/uv", "pip", "compile", "-q", "--no-header", "--emit-index-url", "/dev/null"),
    )


def test_uv_is_asked_for_its_default_index_before_that_is_needed() -> None:
    runner = FakeRunner(["--index-url https://default.invalid/simple/\n"])
    asked = uv(runner).asking_default_index(PYTHON)
    assert runner.only.argv[-2:] == ("--python", str(PYTHON))
    urls = {asked.default_index_url(), asked.default_index_url(PYTHON)}
    assert urls == {"https://default.invalid/simple"}
    assert runner.only


def test_an_interpreter_that_is_known_spares_uv_the_search() -> None:
    runner = FakeRunner([lambda _: "--index-url https://default.invalid/simple/\n"])
    uv(runner).default_index_url(PYTHON)
    assert runner.only.argv[-2:] == ("--python", str(PYTHON))


def created(prompt: str | None, version: str | None) -> list[str]:
    """The arguments of `uv venv`; with a `version` the interpreter is only presumed."""
    runner = FakeRunner()
    target = interpreter(Path("/usr"))
    if version:
        target = presumed(version, "3.12.1")
    uv(runner).create_environment(Path("/new"), target, prompt)
    assert runner.streamed == runner.commands
    return list(runner.only.argv)


VENV = ["/uv", "venv", "/new", "--no-project"]
OVER = "--allow-existing"


def test_an_environment_is_made_with_the_very_interpreter_and_no_other() -> None:
    assert created("p-py3.11", None) == [
        *VENV,
        *("--prompt=p-py3.11", OVER, "--python", "/usr/bin/python", "--no-python-downloads", "-q"),
    ]


@pytest.mark.parametrize(
    ("version", "asked"),
    [("3.13", "3.13"), ("3.13.2", "3.13.2"), ("3.12.0", "3.12.0")],
)
def test_a_presumed_interpreter_is_provided_by_uv(version: str, asked: str) -> None:
    """In the newest patch release, unless one was asked for."""
    expected = [*VENV, OVER, "--python", asked, "--managed-python", "-q"]
    assert created(None, version) == expected


def test_pip_comes_from_the_wheel_that_virtualenv_carries() -> None:
    runner = FakeRunner()
    uv(runner).seed_pip(PYTHON, "3.11")
    *argv, folder, pin = runner.only.argv
    assert argv == [
        *("/uv", "pip", "install", "-q", "--python", str(PYTHON)),
        *("--no-deps", "--no-index", "--find-links"),
    ]
    name, _, version = pin.partition("===")
    assert name == "pip"
    assert (Path(folder) / f"pip-{version}-py3-none-any.whl").is_file()


INSTALL = ["pip", "install", "--python", str(PYTHON)]
PATIENT = {"UV_HTTP_TIMEOUT": "60", "UV_HTTP_RETRIES": "5"}


def test_a_pylock_is_installed_with_the_indexes_of_the_project() -> None:
    folder = Folder()
    runner = FakeRunner([folder.read])
    private = Index("private", "https://private.invalid")
    known = IndexAccess({private: NamedIndex("hi0", "https://private.invalid")}, {"hi0": SECRET})
    uv(runner, PATH="/bin").install_pylock("the pylock", known, InstallTarget(PYTHON))
    assert folder == {"pylock.toml": "the pylock", "uv.toml": known.uv_toml()}
    assert runner.streamed == [
        Command(
            argv=("/uv", "--config-file", "uv.toml", *INSTALL, "-r", "pylock.toml"),
            env={
                "PATH": "/bin",
                **OURS,
                **PATIENT,
                "UV_INDEX_HI0_USERNAME": "me",
                "UV_INDEX_HI0_PASSWORD": "secret",
            },
            cwd=runner.only.cwd,
        )
    ]
    assert runner.only.cwd is not None
    assert not runner.only.cwd.exists()
    assert "secret" not in str(runner.only) + repr(runner.only) + "".join(folder.values())


def test_requirements_are_installed_with_hashes_and_nothing_else() -> None:
    folder = Folder()
    runner = FakeRunner([folder.read])
    pinned = [requirement("a"), requirement("b")]
    target = InstallTarget(PYTHON, (normalize_name("b"),), compile_bytecode=True)
    uv(runner).install_requirements(DEFAULT_INDEX, pinned, access(), target)
    assert folder == {"requirements.txt": requirements_txt(pinned), "uv.toml": access().uv_toml()}
    assert list(runner.only.argv) == [
        *("/uv", "--config-file", "uv.toml", *INSTALL),
        *("--reinstall-package", "b", "--compile-bytecode"),
        *("--no-deps", "--require-hashes", "-r", "requirements.txt"),
    ]


def test_archives_are_installed_with_hashes_and_the_rest_without() -> None:
    url = UrlSource("https://x.invalid/a.whl", None)
    archive = DirectRequirement(
        normalize_name("a"), "1.0", url, LockedFile("a", Hash("sha256", "00"))
    )
    folder_of_b = DirectorySource("../b", "/src/b")
    project = DirectRequirement(normalize_name("b"), "1.0", folder_of_b, None, develop=True)
    for each, hashes in ((archive, ["--require-hashes"]), (project, [])):
        folder = Folder()
        runner = FakeRunner([folder.read])
        uv(runner).install_direct([each], access(), InstallTarget(PYTHON))
        assert folder["requirements.txt"] == f"{each.line()}\n"
        expected = [*INSTALL, "--no-deps", *hashes, "-r", "requirements.txt"]
        assert list(runner.only.argv[3:]) == expected


def installed_with(runner: FakeRunner, trust: Trust, **environ: str) -> Folder:
    folder = Folder()
    runner.replies.append(folder.read)
    known = replace(access(), trust=trust)
    uv(runner, **environ).install_pylock("", known, InstallTarget(PYTHON))
    return folder


def test_a_bundle_lies_beside_the_configuration() -> None:
    runner = FakeRunner()
    folder = installed_with(runner, Trust("the bundle"), SSL_CERT_FILE="/mine.pem")
    assert folder["authorities.pem"] == "the bundle"
    assert runner.only.cwd is not None
    assert runner.only.env["SSL_CERT_FILE"] == str(runner.only.cwd / "authorities.pem")


def test_without_a_bundle_the_user_s_own_holds() -> None:
    runner = FakeRunner()
    folder = installed_with(runner, Trust(), SSL_CERT_FILE="/mine.pem")
    assert set(folder) == {"pylock.toml", "uv.toml"}
    assert runner.only.env == {"SSL_CERT_FILE": "/mine.pem", **OURS, **PATIENT}


def test_a_client_certificate_is_named() -> None:
    runner = FakeRunner()
    installed_with(runner, Trust(client="/me.pem"))
    assert runner.only.env == {"SSL_CLIENT_CERT": "/me.pem", **OURS, **PATIENT}


@pytest.mark.parametrize(("own", "hosts"), [("", "a b:8443"), ("c d", "c d a b:8443")])
def test_hosts_that_nobody_verifies_come_after_the_user_s(own: str, hosts: str) -> None:
    runner = FakeRunner()
    installed_with(runner, Trust(insecure_hosts=("a", "b:8443")), UV_INSECURE_HOST=own)
    assert runner.only.env["UV_INSECURE_HOST"] == hosts


def test_the_question_for_urls_is_asked_with_the_same_trust() -> None:
    folder = Folder()

    def answer(command: Command) -> str:
        folder.read(command)
        assert command.cwd is not None
        (command.cwd / "pylock.toml").write_text("", "utf-8")
        return ""

    runner = FakeRunner([answer])
    trust = Trust("the bundle", "/me.pem", ("x.invalid",))
    uv(runner).offers([requirement("a")], replace(access(), trust=trust), interpreter())
    assert folder["authorities.pem"] == "the bundle"
    assert runner.only.env == {
        **OURS,
        "SSL_CERT_FILE": str(runner.only.cwd and runner.only.cwd / "authorities.pem"),
        "SSL_CLIENT_CERT": "/me.pem",
        "UV_INSECURE_HOST": "x.invalid",
    }


def test_build_constraints_are_a_file() -> None:
    folder = Folder()
    runner = FakeRunner([folder.read])
    target = InstallTarget(PYTHON, build_constraints=("setuptools<78", "wheel==0.40"))
    uv(runner).install_pylock("", access(), target)
    assert folder["constraints.txt"] == "setuptools<78\nwheel==0.40\n"
    assert runner.only.argv[3:] == (*INSTALL, "-b", "constraints.txt", "-r", "pylock.toml")


def test_what_is_built_anew_is_named() -> None:
    target = InstallTarget(PYTHON, refresh=(normalize_name("a"), normalize_name("b")))
    assert target.argv() == [*INSTALL, "--refresh-package", "a", "--refresh-package", "b"]


CONCURRENT = ("UV_CONCURRENT_BUILDS", "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_INSTALLS")


def test_offline_what_is_built_anew_is_taken_out_of_the_cache() -> None:
    """uv refuses `--refresh-package` with `--offline`."""
    runner = FakeRunner()
    target = InstallTarget(PYTHON, refresh=(normalize_name("a"),))
    uv(runner, UV_OFFLINE="1").install_pylock("", access(), target)
    clean, install = runner.commands
    assert clean.argv == ("/uv", "cache", "clean", "--", "a")
    assert "--refresh-package" not in install.argv
    assert clean.env == {**OURS, "UV_OFFLINE": "1"}


def test_builds_may_be_kept_to_a_folder() -> None:
    runner = FakeRunner()
    uv(runner).install_pylock("", access(), InstallTarget(PYTHON, only_from=Path("/house")))
    words = " ".join(runner.only.argv)
    assert "--no-index --find-links /house" in words


def test_of_an_interpreter_that_is_not_here_every_platform_is_asked_for() -> None:
    def answer(command: Command) -> str:
        assert command.cwd is not None
        (command.cwd / "pylock.toml").write_text("")
        return ""

    runner = FakeRunner([answer])
    uv(runner).offers([requirement("a")], access(), presumed("3.12.4", "3.12.4"))
    words = " ".join(runner.only.argv)
    assert f"--python {sys.executable} --python-version 3.12.4 --universal" in words


def test_how_many_things_uv_may_do_at_a_time() -> None:
    runner = FakeRunner(["uv 0.13.0"])
    replace(uv(runner), workers=3).version()
    assert runner.only.env == {**OURS, **dict.fromkeys(CONCURRENT, "3")}


@pytest.mark.parametrize(("value", "expected"), [("7", "7"), ("", "1")])
def test_what_the_user_tells_uv_comes_before_what_poetry_is_told(value: str, expected: str) -> None:
    """An empty variable says nothing."""
    runner = FakeRunner(["uv 0.13.0"])
    replace(uv(runner, UV_CONCURRENT_BUILDS=value), workers=1).version()
    assert [runner.only.env[name] for name in CONCURRENT] == [expected, "1", "1"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, PATIENT),
        ({"UV_HTTP_TIMEOUT": ""}, PATIENT),
        ({"UV_HTTP_TIMEOUT": "7"}, {"UV_HTTP_TIMEOUT": "7", "UV_HTTP_RETRIES": "5"}),
        ({"UV_REQUEST_TIMEOUT": "7"}, {"UV_REQUEST_TIMEOUT": "7", "UV_HTTP_RETRIES": "5"}),
        ({"HTTP_TIMEOUT": "7"}, {"HTTP_TIMEOUT": "7", "UV_HTTP_RETRIES": "5"}),
        ({"UV_HTTP_RETRIES": "0"}, {"UV_HTTP_TIMEOUT": "60", "UV_HTTP_RETRIES": "0"}),
    ],
)
def test_big_files_get_more_patience_than_pages(
    said: dict[str, str], expected: dict[str, str]
) -> None:
    """What the user says comes first; questions keep uv's own."""
    runner = FakeRunner(["", "uv 0.13.0"])
    asked = uv(runner, **said)
    asked.install_pylock("", access(), InstallTarget(PYTHON))
    asked.version()
    installing, asking = runner.commands
    assert installing.env == {**OURS, **expected}
    assert asking.env == {**OURS, **{key: value for key, value in said.items() if value}}


def test_nothing_is_built_where_the_user_forbids_it() -> None:
    assert InstallTarget(PYTHON, builds=False).argv() == [*INSTALL, "--no-build"]


def test_each_reinstallation_is_named() -> None:
    target = InstallTarget(PYTHON, (normalize_name("a"), normalize_name("b")))
    assert target.argv() == [*INSTALL, "--reinstall-package", "a", "--reinstall-package", "b"]


def test_a_wheel_of_ours_is_installed_as_from_an_index() -> None:
    runner = FakeRunner()
    target = InstallTarget(PYTHON, (normalize_name("root"),))
    uv(runner).install_wheel(normalize_name("root"), Path("/out"), target)
    expected = "/uv pip install --python /venv/bin/python --reinstall-package root --no-deps"
    expected += " --no-index --find-links /out --prerelease allow -- root"
    assert list(runner.only.argv) == expected.split()


def test_an_environment_that_may_be_moved() -> None:
    runner = FakeRunner()
    target = interpreter()
    uv(runner).create_environment(Path("/new"), target, None, relocatable=True)
    assert "--relocatable" in runner.only.argv


def test_removals() -> None:
    runner = FakeRunner()
    uv(runner).uninstall([normalize_name("a"), normalize_name("b")], PYTHON)
    assert runner.only == Command(
        argv=("/uv", "pip", "uninstall", "--python", str(PYTHON), "--", "a", "b"), env=OURS
    )


def test_the_question_for_urls_and_its_answer() -> None:
    folder = Folder()
    document = {"packages": [{"name": "a", "wheels": [{"url": "u", "hashes": {}}]}]}

    def compile_it(command: Command) -> str:
        folder.read(command)
        assert command.cwd is not None
        (command.cwd / "pylock.toml").write_text(
            '[[packages]]\nname = "a"\nwheels = [{ url = "u", hashes = {} }]\n', "utf-8"
        )
        return ""

    runner = FakeRunner([compile_it])
    known = access(hi0=SECRET)
    assert uv(runner).offers([requirement("a")], known, interpreter()) == Offered(document)
    expected = synthetic_project([requirement("a")], known.named, "==3.11.7")
    assert folder == {"pyproject.toml": expected}
    assert tomllib.loads(expected)["project"]["dependencies"] == ["a===1.0"]
    assert list(runner.only.argv) == [
        *("/uv", "pip", "compile", *ASKING, "--no-header"),
        *("--format", "pylock.toml", "-o", "pylock.toml", "pyproject.toml"),
    ]
    assert runner.only.env == {**OURS, **known.variables()}


ASKING = (
    *("--python", "/venv/bin/python", "--prerelease", "allow", "--no-deps"),
    *("--color", "never"),
)
WARNINGS = """\
Resolved 4 packages in 25ms
warning: `a==1.0` is yanked
warning: `b-c==1!2.0+cpu` is yanked (reason: "`d==1.0` is better")
 + e==1.0
"""


def test_what_uv_would_take_although_it_is_yanked_stands_in_its_warnings() -> None:
    def compile_it(command: Command) -> str:
        assert command.with_stderr
        assert command.cwd is not None
        (command.cwd / "pylock.toml").write_text("", "utf-8")
        return WARNINGS

    answer = uv(FakeRunner([compile_it])).offers([requirement("a")], access(), interpreter())
    assert answer == Offered({}, frozenset(map(normalize_name, ("a", "b-c"))))


@pytest.mark.parametrize("written", [None, "[", f"size = {'9' * 5000}", f"a = {'[' * 5000}"])
def test_an_answer_that_cannot_be_read(written: str | None) -> None:
    def compile_it(command: Command) -> str:
        assert command.cwd is not None
        if written is not None:
            (command.cwd / "pylock.toml").write_text(written, "utf-8")
        return ""

    with pytest.raises(ToolError, match=r"/uv has compiled no pylock\.toml") as error:
        uv(FakeRunner([compile_it])).offers([requirement("a")], access(), interpreter())
    assert error.value.hint


def test_the_question_whether_one_file_is_yanked() -> None:
    """A hash leaves uv no choice."""
    folder = Folder()

    log = """\
DEBUG Searching for a compatible version of a (==1.0)
DEBUG Selecting: a==1.0 [compatible] (a-1-py3-none-any.whl)
DEBUG Selecting: e==1.0 [preference] (E-1.0.tar.gz)
DEBUG Selecting: f==1.0 [compatible] (f-1.0-1-py3-none-any.whl)
DEBUG Selecting: g==1.0 [compatible] (g-1.0.zip)
"""

    def answer(command: Command) -> str:
        folder.read(command)
        return log + WARNINGS

    runner, known = FakeRunner([answer]), access(hi0=SECRET)
    files = [wheel("a"), sdist("e"), wheel("f"), sdist("g"), wheel("h")]
    pinned = [
        (requirement(file.name[0]), PinnedFile(file.name, "u", file.hash, None)) for file in files
    ]
    yanked = uv(runner).yanked(pinned, known, interpreter())
    assert yanked == {"a": True, "e": False}
    assert folder == {
        "pyproject.toml": synthetic_project([each for each, _ in pinned], known.named, "==3.11.7"),
        "hashes.txt": "".join(f"{each.pin} --hash={file.hash}\n" for each, file in pinned),
    }
    assert list(runner.only.argv) == [
        *("/uv", "pip", "install", *ASKING, "--dry-run", "--target", "nowhere"),
        *("-c", "hashes.txt", "-r", "pyproject.toml"),
    ]
    assert runner.only.with_stderr
    assert runner.only.env == {**OURS, **known.variables(), "RUST_LOG": "uv_resolver=debug"}


def test_poetry_is_provided_as_the_machine_provides_tools() -> None:
    """Here the user's index and configuration hold: Poetry is no locked file."""
    runner = FakeRunner(["/tools/poetry/bin/python\n"])
    found = uv(runner, UV_INDEX="https://company.invalid", VIRTUAL_ENV="/v", CONDA_PREFIX="/c")
    assert found.provide_poetry("poetry==2.5.1", PYTHON) == Path("/tools/poetry/bin/python")
    assert runner.only == Command(
        argv=(
            *("/uv", "tool", "run", "--python", str(PYTHON), "--from", "poetry==2.5.1"),
            *("python", "-c", "import sys; print(sys.executable)"),
        ),
        env={"UV_INDEX": "https://company.invalid"},
    )


PASSED = [
    *("UV_CACHE_DIR", "UV_CONCURRENT_BUILDS", "UV_CONCURRENT_DOWNLOADS"),
    *("UV_CONCURRENT_INSTALLS", "UV_HTTP_CONNECT_TIMEOUT", "UV_HTTP_PROXY", "UV_HTTP_RETRIES"),
    *("UV_HTTP_TIMEOUT", "UV_HTTPS_PROXY", "UV_INSECURE_HOST", "UV_KEYRING_PROVIDER"),
    *("UV_LINK_MODE", "UV_LOCK_TIMEOUT", "UV_NATIVE_TLS", "UV_NO_PROGRESS", "UV_NO_PROXY"),
    *("UV_OFFLINE", "UV_PYTHON_CPYTHON_BUILD", "UV_PYTHON_DOWNLOADS_JSON_URL"),
    *("UV_PYTHON_INSTALL_DIR", "UV_PYTHON_INSTALL_MIRROR", "UV_REQUEST_TIMEOUT"),
    *("UV_SYSTEM_CERTS", "HTTPS_PROXY", "SSL_CERT_FILE", "NETRC", "HOME", "PATH", "LANG"),
]

HELD_BACK = [
    *("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"),
    *("UV_INDEX_STRATEGY", "UV_EXCLUDE_NEWER", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE"),
    *("UV_BUILD_CONSTRAINT", "UV_PRERELEASE", "UV_RESOLUTION", "UV_NO_BINARY", "UV_NO_BUILD"),
    *("UV_TORCH_BACKEND", "UV_CONFIG_FILE", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_TARGET"),
    *("UV_SYSTEM_PYTHON", "UV_BREAK_SYSTEM_PACKAGES", "UV_NO_BUILD_ISOLATION", "UV_NO_SOURCES"),
    *("UV_REQUIRE_HASHES", "UV_NO_VERIFY_HASHES", "UV_VENV_SEED", "UV_VENV_CLEAR", "UV_NO_DEPS"),
    *("UV_INDEX_HI0_PASSWORD", "UV_ENV_FILE", "UV_PREVIEW", "UV_COMPILE_BYTECODE"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYTHONHOME"),
]


@pytest.mark.parametrize("variable", PASSED)
def test_how_to_fetch_and_link_is_the_user_s_to_say(variable: str) -> None:
    assert uv_tool.environment({variable: "/x"}) == {variable: "/x", **OURS}


@pytest.mark.parametrize("variable", HELD_BACK)
def test_what_to_install_and_where_is_not(variable: str) -> None:
    assert uv_tool.environment({variable: "/x"}) == OURS


@pytest.mark.parametrize("variable", sorted(OURS))
def test_what_we_tell_uv_cannot_be_told_otherwise(variable: str) -> None:
    assert uv_tool.environment({variable: "/x"}) == OURS


def test_plain_uv_draws_nothing() -> None:
    runner = FakeRunner(["uv 0.13.0"])
    replace(uv(runner, UV_NO_PROGRESS="0"), plain=True).version()
    assert runner.only.env == {**OURS, "NO_COLOR": "1", "UV_NO_PROGRESS": "1"}


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", "utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The uv package is not installed."""
    monkeypatch.setattr(uv_tool, "_bundled", lambda: None)


@pytest.fixture
def on_path(tmp_path: Path) -> dict[str, str]:
    return {"PATH": str(executable(tmp_path / "bin" / "uv").parent)}


def test_the_named_uv_wins(tmp_path: Path, on_path: dict[str, str]) -> None:
    named = executable(tmp_path / "named")
    runner = FakeRunner()
    environ = {**on_path, "HYBRID_INSTALL_UV": str(named)}
    assert uv_tool.find(environ, runner) == Uv(named, "HYBRID_INSTALL_UV", runner, environ)


def test_a_named_uv_that_does_not_exist_is_an_error(on_path: dict[str, str]) -> None:
    with pytest.raises(
        ToolError, match=r"^there is no uv at /gone \(HYBRID_INSTALL_UV\)$"
    ) as error:
        uv_tool.find({**on_path, "HYBRID_INSTALL_UV": "/gone"}, FakeRunner())
    assert error.value.hint == "install uv>=0.13,<0.14, or name one with HYBRID_INSTALL_UV"


def test_the_package_that_we_depend_on_comes_before_path(
    on_path: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uv_tool, "_bundled", lambda: Path("/site-packages/bin/uv"))
    found = uv_tool.find({**on_path, "HYBRID_INSTALL_UV": ""}, FakeRunner())
    assert (found.path, found.origin) == (Path("/site-packages/bin/uv"), "the uv package")


def test_path_comes_last(no_package: None, tmp_path: Path, on_path: dict[str, str]) -> None:
    found = uv_tool.find(on_path, FakeRunner())
    assert (found.path, found.origin) == (tmp_path / "bin" / "uv", "PATH")


def test_no_uv_at_all_is_an_error_with_a_hint(no_package: None, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"^uv was not found$") as error:
        uv_tool.find({"PATH": str(tmp_path)}, FakeRunner())
    assert error.value.hint == "install uv>=0.13,<0.14, or name one with HYBRID_INSTALL_UV"


def test_the_environment_is_not_printed() -> None:
    assert "sesame" not in repr(uv(FakeRunner(), UV_HTTP_PROXY="http://me:sesame@proxy.invalid"))
