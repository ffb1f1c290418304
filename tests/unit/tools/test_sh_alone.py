"""`sh` is whole for what a run does with it, and nobody else is given what it was given."""

from __future__ import annotations

import subprocess
import sys

ALONE = """
import sys
from hybrid_install.tools.sh_alone import sh_alone
sh = sh_alone()
assert not {"asyncio", "ssl", "importlib.metadata"} & set(sys.modules), "too much"
assert sh.Command("/bin/echo")("a word", _bg=True).wait().exit_code == 0
try:
    sh.Command("/bin/sh")("-c", "exit 3")
except sh.ErrorReturnCode as error:
    assert error.exit_code == 3
import asyncio, importlib.metadata
assert asyncio.run(asyncio.sleep(0, "slept")) == "slept"
assert importlib.metadata.version("sh")
"""

AMONG_OTHERS = """
import asyncio, importlib.metadata
from hybrid_install.tools.sh_alone import sh_alone
sh = sh_alone()
async def main():
    return await sh.Command("/bin/echo")("-n", "a word", _async=True)
assert asyncio.run(main()) == "a word"
assert sh.__version__ == importlib.metadata.version("sh")
assert sh_alone() is sh
"""


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    return done.stderr


def test_without_coroutines_and_metadata() -> None:
    assert python(ALONE) == ""


def test_with_what_is_loaded_already() -> None:
    assert python(AMONG_OTHERS) == ""
