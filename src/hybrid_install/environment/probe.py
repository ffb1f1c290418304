"""Asking an interpreter what it is, or presuming one that is not here yet."""

from __future__ import annotations

import json
import platform
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.errors import TargetError, ToolError
from hybrid_install.tools.process import Command, Runner

# As Poetry asks (poetry/utils/env/script_strings.py), in Python that 3.6 understands too.
_PROBE = """
import json, os, platform, sys, sysconfig
version = sys.implementation.version
text = "{0.major}.{0.minor}.{0.micro}".format(version)
if version.releaselevel != "final":
    text += version.releaselevel[0] + str(version.serial)
cfg = os.path.join(sys.prefix, "pyvenv.cfg")
system = False
if os.path.exists(cfg):
    with open(cfg) as lines:
        system = any(
            line.replace(" ", "").lower().startswith("include-system-site-packages=true")
            for line in lines
        )
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
    "is_venv": sys.prefix != sys.base_prefix,
    "executable": sys.executable,
    "sys_path": sys.path,
    "purelib": sysconfig.get_path("purelib"),
    "platlib": sysconfig.get_path("platlib"),
    "platform": sysconfig.get_platform() + "-" + "-".join(platform.libc_ver()),
    "includes_system": system,
    "tag_version": str(
        sysconfig.get_config_var("interpreter_version")
        or "".join(map(str, sys.version_info[:2]))
    ),
    "sysconfig_platform": sysconfig.get_platform(),
    "is_free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
}))
"""


def probe(python: Path, runner: Runner, environ: Mapping[str, str]) -> Interpreter:
    """Ask `python`; `TargetError` where it does not answer."""
    env = {
        key: value
        for key, value in environ.items()
        if key not in {"PYTHONHOME", "__PYVENV_LAUNCHER__"}
    }
    command = Command(argv=(str(python), "-I", "-W", "ignore", "-c", _PROBE), env=env)
    try:
        answer = json.loads(runner.capture(command))
    except (ToolError, ValueError) as error:
        raise TargetError(
            f"the interpreter {python} does not answer: {error}",
            hint="is the environment broken? Remove it, and it will be made again",
        ) from None
    return Interpreter(
        executable=Path(answer["executable"]),
        version=(answer["version"][0], answer["version"][1], answer["version"][2]),
        markers=answer["markers"],
        prefix=Path(answer["prefix"]),
        sys_path=tuple(Path(entry) for entry in answer["sys_path"] if entry.strip()),
        site_packages=tuple(dict.fromkeys((Path(answer["purelib"]), Path(answer["platlib"])))),
        platform=answer["platform"],
        tag_name=_tag_name(answer["markers"]["implementation_name"]),
        tag_version=answer["tag_version"],
        sysconfig_platform=answer["sysconfig_platform"],
        is_free_threaded=answer["is_free_threaded"],
        includes_system=answer["includes_system"],
    )


def presumed(version: str) -> Interpreter:
    """An interpreter of this machine's kind that is not here yet; `version` has 1 to 3 parts."""
    major, minor, patch = (*map(int, version.split(".")), 0, 0)[:3]
    full = f"{major}.{minor}.{patch}"
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
        executable=Path(f"python{version}"),
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
