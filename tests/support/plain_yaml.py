"""The YAML that this repository writes: mappings, lists, scalars, block texts, comments.

Everything else is refused, so that a file which is read here means the same to every other reader.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_KEY = re.compile(r"([\w.-]+):(?:\s+(.*)|)")
_DOUBTFUL = re.compile(r"[&*!%@`\[{}\]]|.*:\s|.*:$|.*\s#|(?i:yes|no|on|off|null|~)$")


def load(text: str) -> Any:
    """The document. `AssertionError` for what is not plain."""
    lines = [_Line(len(line) - len(line.lstrip()), line.strip()) for line in text.splitlines()]
    reader = _Reader(lines)
    found = reader.node(0)
    reader.skip()
    assert reader.position == len(lines), f"not understood: {lines[reader.position]}"
    return found


@dataclass
class _Line:
    indent: int
    text: str

    @property
    def is_empty(self) -> bool:
        return not self.text or self.text.startswith("#")


@dataclass
class _Reader:
    lines: list[_Line]
    position: int = 0

    def skip(self) -> _Line | None:
        """The next line that says something."""
        while self.position < len(self.lines) and self.lines[self.position].is_empty:
            self.position += 1
        return self.lines[self.position] if self.position < len(self.lines) else None

    def node(self, indent: int) -> Any:
        """A mapping or a list whose entries begin at `indent`."""
        line = self.skip()
        assert line is not None
        assert line.indent == indent, line
        return self._list(indent) if line.text.startswith("- ") else self._mapping(indent)

    def _list(self, indent: int) -> list[Any]:
        found = []
        while (line := self.skip()) and line.indent == indent and line.text.startswith("- "):
            rest = line.text[2:].strip()
            if _KEY.fullmatch(rest) or rest in {"|", ">-"}:
                line.indent, line.text = indent + 2, rest
                found.append(
                    self._block(rest, indent) if rest in {"|", ">-"} else self.node(indent + 2)
                )
            else:
                self.position += 1
                found.append(_scalar(_without_comment(rest)))
        return found

    def _mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (line := self.skip()) and line.indent == indent:
            match = _KEY.fullmatch(line.text)
            assert match, f"no key: {line}"
            assert match[1] not in found, f"twice: {line}"
            found[match[1]] = self._value(match[2] or "", indent)
        return found

    def _value(self, rest: str, indent: int) -> Any:
        if rest in {"|", ">-"}:
            return self._block(rest, indent)
        self.position += 1
        if rest and not rest.startswith("#"):
            return _scalar(_without_comment(rest))
        following = self.skip()
        assert following
        assert following.indent > indent, f"nothing below: {following}"
        return self.node(following.indent)

    def _block(self, style: str, indent: int) -> str:
        self.position += 1
        taken: list[_Line] = []
        while self.position < len(self.lines):
            line = self.lines[self.position]
            if line.text and line.indent <= indent:
                break
            taken.append(line)
            self.position += 1
        margin = min(line.indent for line in taken if line.text)
        texts = [" " * (line.indent - margin) * bool(line.text) + line.text for line in taken]
        joined = "\n".join(texts).rstrip("\n")
        return f"{joined}\n" if style == "|" else " ".join(joined.split("\n"))


def _without_comment(text: str) -> str:
    """Outside of quotes a comment begins at a blank."""
    return text if text.startswith('"') else re.sub(r"\s+#.*$", "", text)


def _scalar(text: str) -> Any:
    if text.startswith('"'):
        return json.loads(text)
    if text in {"true", "false"}:
        return text == "true"
    assert not _DOUBTFUL.match(text.removeprefix("${{")) or text.startswith("${{"), (
        f"quote it: {text}"
    )
    return text
