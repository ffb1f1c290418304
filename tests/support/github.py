"""GitHub's runner as far as our action asks for it: composite steps, expressions, files, commands.

What is not understood is an error: an action that passes here uses nothing that is not here.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import plain_yaml
from support.sandbox import Result, run

_EXPRESSION = re.compile(r"\$\{\{ ([^}]*) \}\}")
_CACHE = re.compile(r"actions/cache/(restore|save)@[0-9a-f]{40}")


@dataclass
class Job:
    """What a runner keeps while a job runs, and a cache between jobs."""

    folder: Path
    workspace: Path
    environ: Mapping[str, str]
    caches: Path
    log: str = ""
    summary: str = ""
    path: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    exit_code: int = 0
    ran: list[str] = field(default_factory=list)

    def run(self, action: Path, **inputs: str) -> dict[str, str]:
        """Run an action; its outputs. A failing step skips the others."""
        document = plain_yaml.load((action / "action.yml").read_text("utf-8"))
        unknown = {name.replace("_", "-") for name in inputs} - set(document["inputs"])
        assert not unknown, f"no such inputs: {unknown}"
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        context = {
            f"inputs.{name}": given.get(name, declared["default"])
            for name, declared in document["inputs"].items()
        }
        assert document["runs"]["using"] == "composite"
        for step in document["runs"]["steps"]:
            if self.exit_code == 0 and _holds(step.get("if"), context):
                self.ran.append(step["id"])
                outputs = self._step(step, action, context)
                context |= {f"steps.{step['id']}.outputs.{k}": v for k, v in outputs.items()}
        return {
            name: _expanded(declared["value"], context)
            for name, declared in document["outputs"].items()
        }

    def _step(self, step: dict[str, Any], action: Path, context: dict[str, str]) -> dict[str, str]:
        if "uses" in step:
            match = _CACHE.fullmatch(step["uses"])
            assert match, f"an action that is not pinned, or not known: {step['uses']}"
            values = {name: _expanded(value, context) for name, value in step["with"].items()}
            return self._restore(**values) if match[1] == "restore" else self._save(**values)
        assert not _EXPRESSION.search(step["run"]), "a shell must never read an input as its own"
        assert step["shell"] == "sh"
        own = {name: _expanded(value, context) for name, value in step.get("env", {}).items()}
        return self._shell(step["run"], own, action)

    def _shell(self, script: str, own: dict[str, str], action: Path) -> dict[str, str]:
        files = {name: self.folder / name for name in ("output", "env", "path", "summary")}
        for file in files.values():
            file.write_text("")
        (self.folder / "step.sh").write_text(script)
        (self.folder / "temp").mkdir(exist_ok=True)
        environ = {
            **self.environ,
            **self.variables,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(action),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_ENV": str(files["env"]),
            "GITHUB_PATH": str(files["path"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            **own,
        }
        result: Result = run(
            ["sh", "-e", self.folder / "step.sh"], environ, self.workspace, check=False
        )
        self.log += result.output
        self.exit_code = result.exit_code
        self.summary += files["summary"].read_text("utf-8")
        self.path += files["path"].read_text("utf-8").splitlines()
        self.variables |= _named_values(files["env"].read_text("utf-8"))
        return _named_values(files["output"].read_text("utf-8"))

    def _restore(self, path: str, key: str, **more: str) -> dict[str, str]:
        """actions/cache: an exact key, else the latest of a prefix; absolute paths come back."""
        prefixes = [each for each in more["restore-keys"].splitlines() if each]
        caches = sorted(self.caches.glob("*"), key=lambda each: each.stat().st_mtime, reverse=True)
        found = [each for each in caches if each.name == key]
        found += [each for prefix in prefixes for each in caches if each.name.startswith(prefix)]
        if not found:
            return {"cache-hit": ""}
        for number, each in enumerate(path.splitlines()):
            if (found[0] / str(number)).is_dir():
                shutil.copytree(found[0] / str(number), each, symlinks=True, dirs_exist_ok=True)
        return {"cache-hit": str(found[0].name == key).lower(), "cache-matched-key": found[0].name}

    def _save(self, path: str, key: str) -> dict[str, str]:
        for number, each in enumerate(path.splitlines()):
            if Path(each).is_dir():
                shutil.copytree(each, self.caches / key / str(number), symlinks=True)
        return {}

    @property
    def annotations(self) -> list[tuple[str, str]]:
        """File and message of each error that the runner would have shown."""
        found, stopped = [], None
        for line in self.log.splitlines():
            if match := re.fullmatch(r"::stop-commands::(\w+)", line):
                stopped = match[1]
            elif line == f"::{stopped}::":
                stopped = None
            elif (match := re.fullmatch(r"::error (.*?)::(.*)", line)) and stopped is None:
                properties = dict(each.split("=", 1) for each in match[1].split(","))
                found.append((properties.get("file", ""), match[2].replace("%0A", "\n")))
        return found


def _named_values(text: str) -> dict[str, str]:
    """`name=value`, or `name<<MARK`, lines, MARK."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        if match := re.fullmatch(r"([\w-]+)<<(.+)", line):
            found[match[1]] = "\n".join(iter(lambda: next(lines), match[2]))
        else:
            name, _, value = line.partition("=")
            found[name] = value
    return found


def _holds(condition: str | None, context: Mapping[str, str]) -> bool:
    """`a == 'x' && b != 'y'`."""
    for part in (condition or "").split(" && ") if condition else []:
        match = re.fullmatch(r"([\w.-]+) (==|!=) '([^']*)'", part)
        assert match, f"not understood: {part}"
        if (context.get(match[1], "") == match[3]) is not (match[2] == "=="):
            return False
    return True


def _expanded(value: str, context: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda match: context.get(match[1], ""), value)
