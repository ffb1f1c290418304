"""The tags (PEP 425) that an interpreter supports, as Poetry finds them.

Mirrors `VirtualEnv.get_supported_tags` (poetry/utils/env/virtual_env.py), with the library that
it uses.
"""

from __future__ import annotations

import json
import sysconfig
from collections.abc import Mapping

from hybrid_install.core.file_choice import Tags
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.errors import ToolError
from hybrid_install.tools.process import Command, Runner

# `GET_PLATFORMS` (poetry/utils/env/script_strings.py): the module alone, whatever is installed.
_PLATFORMS = """
import importlib.util, json, sys
for name, path in {modules!r}:
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if name != "packaging":
        spec.loader.exec_module(module)
print(json.dumps(list(module.platform_tags())))
"""


def supported_tags(
    interpreter: Interpreter, runner: Runner, environ: Mapping[str, str]
) -> Tags | None:
    """Every supported tag with its rank; None where the interpreter does not tell."""
    from packaging.tags import compatible_tags, cpython_tags, generic_tags

    kind = interpreter.tag_name
    platforms = list(interpreter.platform_tags) or None
    if not interpreter.is_presumed and interpreter.sysconfig_platform != sysconfig.get_platform():
        platforms = _platforms_of(interpreter, runner, environ)
        if platforms is None:
            return None
    named = {"pp": "pp3", "cp": f"cp{interpreter.tag_version}"}.get(kind)
    abis = [f"{named}t"] if kind == "cp" and interpreter.is_free_threaded else None
    specific = (
        cpython_tags(interpreter.version, abis=abis, platforms=platforms)
        if kind == "cp"
        else generic_tags(platforms=platforms)
    )
    compatible = compatible_tags(interpreter.version, interpreter=named, platforms=platforms)
    tags = dict.fromkeys(str(tag) for tag in (*specific, *compatible))
    return {tag: rank for rank, tag in enumerate(tags)}


def _platforms_of(
    interpreter: Interpreter, runner: Runner, environ: Mapping[str, str]
) -> list[str] | None:
    """The platforms of an interpreter that was built for another one than ours."""
    import packaging.tags

    modules = [("packaging", packaging.__file__), ("packaging.tags", packaging.tags.__file__)]
    code = _PLATFORMS.format(modules=modules)
    argv = (str(interpreter.executable), "-I", "-W", "ignore", "-c", code)
    try:
        answer = json.loads(runner.capture(Command(argv=argv, env=dict(environ))))
    except (ToolError, ValueError):
        return None
    return [str(platform) for platform in answer]
