"""Asking an interpreter what it is, or presuming one that is not here yet."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.environment.memory import Memory
from hybrid_install.errors import TargetError, ToolError
from hybrid_install.regular import read_text
from hybrid_install.tools.process import Command, Runner

# As Poetry asks (poetry/utils/env/script_strings.py), in Python that 3.6 understands too.
_PROBE = """
import json, os, platform, site, sys, sysconfig
version = sys.implementation.version
text = "{0.major}.{0.minor}.{0.micro}".format(version)
if version.releaselevel != "final":
    text += version.releaselevel[0] + str(version.serial)
print(json.dumps({
    "markers": {
        "implementation_name": sys.implementation.name,
        "implementation_version": text,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version().rstrip("+"),
        "platform_python_implementation": platform.python_implementation(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    },
    "version": list(sys.version_info[:3]),
    "prefix": sys.prefix,
    "base_prefix": sys.base_prefix,
    "executable": sys.executable,
    "sys_path": sys.path,
    "paths": sysconfig.get_paths(),
    "fallbacks": site.getsitepackages(),
    "platform": sysconfig.get_platform() + "-" + "-".join(platform.libc_ver()),
    "tag_version": str(
        sysconfig.get_config_var("interpreter_version")
        or "".join(map(str, sys.version_info[:2]))
    ),
    "sysconfig_platform": sysconfig.get_platform(),
    "is_free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
}))
"""


_UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
    OverflowError,
)


def probe(python: Path, runner: Runner, environ: Mapping[str, str]) -> Interpreter:
    """Ask `python`, and the one below where its library counts; `TargetError` without an answer."""
    return begin_probe(python, runner, environ)()


def begin_probe(
    python: Path, runner: Runner, environ: Mapping[str, str]
) -> Callable[[], Interpreter]:
    """Begin to ask `python`; what is returned waits for the answer, with errors as of `probe`."""
    return partial(_probed, _begin(python, runner, environ), runner, environ)


def _probed(
    asked: Callable[[], Interpreter], runner: Runner, environ: Mapping[str, str]
) -> Interpreter:
    found = asked()
    if not _includes_system(found.prefix):
        return found
    below = _begin(python_below(found), runner, environ)()
    return replace(found, system_library=below.library)


def python_below(interpreter: Interpreter) -> Path:
    """The interpreter of the base prefix (`GenericEnv.find_executables`)."""
    folder = interpreter.base_prefix / "bin"
    names = (f"python{interpreter.minor_version}", "python3", "python")
    return next((folder / name for name in names if (folder / name).exists()), folder / "python")


def _includes_system(prefix: Path) -> bool:
    """`VirtualEnv.includes_system_site_packages` (poetry/utils/env/virtual_env.py)."""
    try:
        text = read_text(prefix / "pyvenv.cfg", "replace")
    except OSError:
        return False
    setting = r"^\s*include-system-site-packages\s*=\s*true\s*$"
    return re.search(setting, text, re.IGNORECASE | re.MULTILINE) is not None


def _begin(python: Path, runner: Runner, environ: Mapping[str, str]) -> Callable[[], Interpreter]:
    """The answer, from memory where nothing has changed that it could depend on."""
    memory = Memory.of(python, environ)
    if (remembered := memory.recall()) is not None:
        with suppress(*_UNREADABLE):
            found = _understood(remembered)
            return lambda: found
    asked = time.time_ns()
    return partial(_heard, python, _ask(python, runner, environ), memory, asked)


def _heard(python: Path, words: Callable[[], str], memory: Memory, asked: int) -> Interpreter:
    try:
        answer = words()
    except ToolError as error:
        raise _dumb(python, str(error)) from None
    try:
        found = _understood(answer)
    except _UNREADABLE:
        raise _dumb(python, "its answer means nothing") from None
    memory.keep(answer.strip(), found, asked)
    return found


def _ask(python: Path, runner: Runner, environ: Mapping[str, str]) -> Callable[[], str]:
    env = {
        key: value
        for key, value in environ.items()
        if key not in {"PYTHONHOME", "__PYVENV_LAUNCHER__"}
    }
    command = Command(argv=(str(python), "-I", "-W", "ignore", "-c", _PROBE), env=env)
    try:
        return runner.begin(command)
    except ToolError as error:
        raise _dumb(python, str(error)) from None


def _dumb(python: Path, problem: str) -> TargetError:
    return TargetError(
        f"the interpreter {python} does not answer: {problem}",
        hint="is it a Python? Is the environment broken? Remove it, and it will be made again",
    )


def _understood(answer: str) -> Interpreter:
    """One of `_UNREADABLE` for what is no answer, or names what no system can have."""
    document = json.loads(answer)
    if "\\u0000" in answer:
        raise ValueError(answer)
    os.fsencode(json.dumps(document, ensure_ascii=False))
    if not all(isinstance(each, str) for each in document["markers"].values()):
        raise TypeError(answer)
    return _interpreter(document)


def _interpreter(answer: Mapping[str, Any]) -> Interpreter:
    paths = answer["paths"]
    site_packages = tuple(dict.fromkeys((Path(paths["purelib"]), Path(paths["platlib"]))))
    fallbacks = (Path(entry) for entry in answer["fallbacks"] if entry)
    return Interpreter(
        executable=Path(answer["executable"]),
        version=_version(answer["version"]),
        markers=answer["markers"],
        prefix=Path(answer["prefix"]),
        sys_path=tuple(Path(entry) for entry in answer["sys_path"] if entry.strip()),
        site_packages=site_packages,
        platform=answer["platform"],
        tag_name=_tag_name(answer["markers"]["implementation_name"]),
        tag_version=answer["tag_version"],
        sysconfig_platform=answer["sysconfig_platform"],
        is_free_threaded=answer["is_free_threaded"],
        fallbacks=tuple(entry for entry in fallbacks if entry not in site_packages),
        base_prefix=Path(answer["base_prefix"]),
        written_to=tuple(Path(paths[name]) for name in ("purelib", "platlib", "scripts", "data")),
        scripts=Path(paths["scripts"]),
    )


def _version(parts: list[int]) -> tuple[int, int, int]:
    major, minor, patch = map(int, parts)
    return major, minor, patch


def presumed(request: str, full: str) -> Interpreter:
    """An interpreter of this machine's kind that is not here yet.

    `request` is what uv is asked for (`3.12`), `full` the version that it is taken for meanwhile.
    """
    major, minor, patch = map(int, full.split("."))
    markers = {
        "implementation_name": "cpython",
        "implementation_version": full,
        "os_name": "posix",
        "platform_machine": platform.machine(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": full,
        "platform_python_implementation": "CPython",
        "python_version": f"{major}.{minor}",
        "sys_platform": sys.platform,
    }
    return Interpreter(
        executable=Path(f"python{request}"),
        version=(major, minor, patch),
        markers=markers,
        prefix=Path(),
        sys_path=(),
        site_packages=(),
        platform=sys.platform,
        tag_version=f"{major}{minor}",
        sysconfig_platform=sysconfig.get_platform(),
        is_presumed=True,
    )


def _tag_name(implementation: str) -> str:
    """`INTERPRETER_SHORT_NAMES` (poetry/utils/env/script_strings.py)."""
    return {"cpython": "cp", "pypy": "pp", "python": "py"}.get(implementation, implementation)
