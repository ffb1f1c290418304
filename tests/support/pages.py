"""Pages of documentation, run as a newcomer would: by copy and paste, in one shell, in order.

In a Markdown page these are run:

- blocks of `console`: a line that begins with `$ ` is a command (a backslash at its end continues
  it); every other line is what it prints, in that order, where `…` stands for anything;
- blocks of `sh`: a script as a whole.

Blocks in other languages are shown, not run. A comment before a block changes that; a reader of
the rendered page does not see it:

- `<!-- file: NAME -->`: the block is what the reader is told to write to that file;
- `<!-- not run: REASON -->`.
"""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.sandbox import Result, run

_BLOCK = re.compile(
    r"(?:^<!-- *(?P<word>file|not run): *(?P<value>.+?) *-->\n\s*)?"
    r"^(?P<margin> *)```(?P<language>\w+)\n(?P<text>.*?)^(?P=margin)```$",
    re.MULTILINE | re.DOTALL,
)
_RUN = ("console", "sh")


@dataclass(frozen=True)
class Step:
    """One command, or one file to write, with its line in the page and what the page shows of it."""

    line: int
    script: str
    shown: tuple[str, ...] = ()
    writes: str | None = None

    @property
    def as_shell(self) -> str:
        """What a shell is given."""
        if self.writes is None:
            return self.script
        name, mark = shlex.quote(self.writes), f"END-{secrets.token_hex(8)}"
        name = name.replace("'~/", "~/'", 1)
        # Files are added to: a page shows what is new in them.
        return f"mkdir -p \"$(dirname {name})\" && cat >>{name} <<'{mark}'\n{self.script}{mark}"


@dataclass(frozen=True)
class Page:
    """A page and its steps."""

    path: Path
    steps: tuple[Step, ...]
    not_run: tuple[str, ...] = field(default=())

    @classmethod
    def read(cls, path: Path, *, section: str | None = None) -> Page:
        """All of it, or what is below one heading."""
        text = path.read_text("utf-8")
        start, end = _section(text, section) if section else (0, len(text))
        steps: list[Step] = []
        reasons: list[str] = []
        for match in _BLOCK.finditer(text, start, end):
            line = text.count("\n", 0, match.start("text")) + 1
            content = re.sub(rf"^{match['margin']}", "", match["text"], flags=re.MULTILINE)
            if match["word"] == "not run":
                reasons.append(match["value"])
            elif match["word"] == "file":
                steps.append(Step(line, content, writes=match["value"]))
            elif match["language"] in _RUN:
                steps += (
                    _console(content, line)
                    if match["language"] == "console"
                    else [Step(line, content)]
                )
        return cls(path, tuple(steps), tuple(reasons))

    def run(self, environ: Mapping[str, str], cwd: Path, *, shell: str = "bash") -> Result:
        """Run every step; one that fails, or does not print what is shown, fails the test."""
        mark = f"step-{secrets.token_hex(8)}"
        script = "".join(
            f"printf '\\n%s %s\\n' {mark} {number}\n{step.as_shell}\n"
            for number, step in enumerate(self.steps)
        )
        # Both streams in the order in which a reader sees them.
        argv = [shell, "-e", "-c", f"exec 2>&1\n{script}"]
        result = run(argv, environ, cwd, check=False, seconds=1200)
        pieces = re.split(rf"^{mark} (\d+)\n", result.stdout, flags=re.MULTILINE)
        printed = dict(zip(map(int, pieces[1::2]), pieces[2::2], strict=True))
        last = self.steps[max(printed, default=0)]
        assert result.exit_code == 0, f"{self.path.name}:{last.line}: {last.script}\n{result}"
        for number, step in enumerate(self.steps):
            self._assert_shown(step, printed[number])
        return result

    def _assert_shown(self, step: Step, printed: str) -> None:
        position = 0
        for line in step.shown:
            pattern = r"[^\n]*".join(map(re.escape, line.strip().split("…")))
            match = re.compile(rf"^\s*{pattern}\s*$", re.MULTILINE).search(printed, position)
            if line.strip() != "…":
                assert match, (
                    f"{self.path.name}:{step.line}: {step.script}\ndoes not print {line!r}:\n{printed}"
                )
                position = match.end()


def _section(text: str, heading: str) -> tuple[int, int]:
    """From a heading to the next one that is not below it."""
    match = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert match, f"there is no heading {heading!r}"
    following = re.compile(rf"^#{{1,{len(match[1])}}} ", re.MULTILINE).search(text, match.end())
    return match.end(), following.start() if following else len(text)


def _console(text: str, line: int) -> list[Step]:
    steps: list[Step] = []
    for number, each in enumerate(text.splitlines(), line):
        if steps and not steps[-1].shown and steps[-1].script.endswith("\\"):
            steps[-1] = Step(steps[-1].line, f"{steps[-1].script}\n{each}")
        elif each.startswith("$ "):
            steps.append(Step(number, each[2:]))
        elif each.strip():
            assert steps, f"line {number}: {each!r} comes before a command"
            steps[-1] = Step(steps[-1].line, steps[-1].script, (*steps[-1].shown, each))
    return steps
