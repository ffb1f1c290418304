"""Every word that the user reads: people on stderr, data on stdout."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from hybrid_install.core.plan import Action, Operation, Plan
from hybrid_install.core.redaction import hidden, secrets_in, without_secrets

if TYPE_CHECKING:
    from hybrid_install.core import diagnosis
    from hybrid_install.core.verification import Finding

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

_COLOURS = {"error": "31;1", "warning": "33;1", "hint": "36;1", "done": "32;1", "dim": "2"}

_PLURALS = {
    Action.KEEP: "kept",
    Action.INSTALL: "to install",
    Action.REINSTALL: "to reinstall",
    Action.DEFER: "left to Poetry",
    Action.REMOVE: "to remove",
    Action.PROVIDED: "provided",
}


class Report:
    """Speaks on stderr. `verbosity` is -1 (errors only), 0, or the number of `-v`s.

    Passwords and tokens in `environ` are hidden, whoever's words they stand in.
    """

    def __init__(
        self,
        *,
        verbosity: int = 0,
        ansi: bool | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.verbosity = verbosity
        self._secrets = secrets_in(environ or {})
        self._started = time.monotonic()
        self._seconds: dict[str, float] = {}
        self.is_coloured = _wants_colour(ansi)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time what happens inside; a name may come more than once."""
        started = time.monotonic()
        try:
            yield
        finally:
            spent = time.monotonic() - started
            self._seconds[name] = self._seconds.get(name, 0.0) + spent

    def say(self, topic: str, text: str) -> None:
        """One line of what is going on."""
        if self.verbosity >= 0:
            self._write(f"{self._colour('dim', f'{topic:<12}')} {self._shown(text)}")

    def detail(self, text: str) -> None:
        """A line for `-v`."""
        if self.verbosity > 0:
            self._write(f"{'':12} {self._shown(text)}")

    def warn(self, text: str) -> None:
        """Something that the user should act on."""
        if self.verbosity >= 0:
            self._write(f"{self._colour('warning', 'warning:')} {self._shown(text)}")

    def fail(self, message: str, hint: str | None) -> None:
        """The end of a failed run: what is wrong, and what to do next."""
        self._write(f"{self._colour('error', 'error:')} {self._shown(message)}")
        if hint:
            self._write(f"\n{self._colour('hint', 'hint:')} {self._shown(hint)}")

    def end_line(self) -> None:
        """Set what follows apart from a child's words, which it may not have come to end."""
        self._write("")

    def summary(self) -> None:
        """How long it took, by phase."""
        total = time.monotonic() - self._started
        phases = ", ".join(f"{name} {spent:.1f}" for name, spent in self._seconds.items())
        if self.verbosity >= 0:
            self._write(f"{self._colour('done', 'done')} in {total:.1f} s ({phases})")

    def _shown(self, text: str) -> str:
        return _shown(text, self._secrets)

    def _colour(self, kind: str, text: str) -> str:
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self.is_coloured else text

    @staticmethod
    def _write(text: str) -> None:
        _write_to(sys.stderr, f"{text}\n")


def lines(texts: Iterable[str]) -> str:
    """What was read here and there for people: a line each."""
    return "".join(f"{_shown(each)}\n" for each in texts)


def print_data(text: str, environ: Mapping[str, str] | None = None) -> None:
    """Data for a pipe, as it is but for the passwords and tokens in `environ`."""
    _write_to(sys.stdout, hidden(text, secrets_in(environ or {})))


def print_file(text: str) -> None:
    """What would else be written to a file, to the byte: in UTF-8, whatever stdout is set to.

    Its readers are programs, which ask for UTF-8 or, as TOML's, take nothing else.
    """
    if sys.stdout is None:
        return
    content, raw = text.encode("utf-8", "surrogateescape"), getattr(sys.stdout, "buffer", None)
    if raw is None:  # not a stream of bytes
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    raw.write(content)
    raw.flush()


def _write_to(stream: TextIO | None, text: str) -> None:
    """A stream that was closed before we started is None; nobody listens there.

    What its encoding lacks is shown by its code: a name in another script is no reason to fail.
    """
    if stream is None:
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
    stream.flush()


def counts(plan: Plan) -> str:
    """`68 to install, 2 left to Poetry`."""
    numbers = Counter(operation.action for operation in plan.operations)
    parts = [f"{numbers[action]} {words}" for action, words in _PLURALS.items() if numbers[action]]
    return ", ".join(parts) or "nothing is selected"


def packages(number: int) -> str:
    """`1 package`, `2 packages`."""
    return f"{number} package{'' if number == 1 else 's'}"


def plan_table(plan: Plan) -> str:
    """The plan for people: a line an operation, in columns."""
    if plan.handover is not None:
        return _shown(f"The whole run is Poetry's: {plan.handover.value}.\n")
    rows = [("package", "version", "action", "source", "reason")]
    rows += [
        (each.name, each.version, each.action.value, each.source, each.reason)
        for each in plan.operations
    ]
    return _columns(rows) + f"\n{counts(plan)}\n"


def plan_json(plan: Plan, facts: Mapping[str, Any]) -> str:
    """The plan for programs; `facts` are the tables that come before the operations."""
    document = {**facts, "operations": [_operation_json(each) for each in plan.operations]}
    if plan.handover is not None:
        document["handover"] = {"to": "poetry", "reason": plan.handover.value}
    return json.dumps(document, indent=2) + "\n"


def _operation_json(operation: Operation) -> dict[str, str]:
    return {
        "name": operation.name,
        "version": operation.version,
        "action": operation.action.value,
        "source": operation.source,
        "reason": operation.reason,
    }


def verification_text(checked: int, findings: Sequence[Finding]) -> str:
    """What `verify` found for people: a line a finding, in columns, and a summary.

    A note is no difference: the environment may still be equal.
    """
    rows = [
        (
            each.name,
            each.kind.value if each.fails else f"note: {each.kind.value}",
            _detail(each),
            each.remedy.value,
        )
        for each in findings
    ]
    table = _columns([("package", "finding", "detail", "what to do"), *rows]) + "\n" if rows else ""
    return f"{table}{verification_summary(checked, findings)}\n"


def verification_summary(checked: int, findings: Sequence[Finding]) -> str:
    """`70 checked, 2 differ from poetry.lock, 1 note`."""
    differing = len({each.name for each in findings if each.fails})
    notes = sum(not each.fails for each in findings)
    verb = "differs" if differing == 1 else "differ"
    result = f"{differing} {verb} from poetry.lock" if differing else "all as poetry.lock says"
    noted = [f"{notes} notes" if notes > 1 else "1 note"] if notes else []
    return ", ".join([f"{checked} checked", result, *noted])


def verification_json(
    project: str | None, environment: str, checked: int, findings: Sequence[Finding]
) -> str:
    """What `verify` found for programs; `fails` is false for what is only noted."""
    document = {
        "project": project,
        "environment": environment,
        "ok": not any(each.fails for each in findings),
        "checked": checked,
        "findings": [
            {
                "name": each.name,
                "kind": each.kind.value,
                "detail": _detail(each),
                "remedy": each.remedy.value,
                "fails": each.fails,
            }
            for each in findings
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def diagnosis_text(found: diagnosis.Diagnosis) -> str:
    """What `doctor` found for people: a block a section, a hint below what should be acted on."""
    lines: list[str] = []
    for section in found.sections:
        lines += [section.name, *(line for each in section.findings for line in _found(each)), ""]
    return "\n".join([*lines, _shown(found.summary)]) + "\n"


def _found(finding: diagnosis.Finding) -> Iterator[str]:
    """`warning  Poetry: …`, and its hint; a text of several lines is indented as one block."""
    subject = f"{finding.subject}: " if finding.subject else ""
    text = _shown(f"{subject}{finding.text}").replace("\n", f"\n{'':11}")
    yield f"  {finding.severity.value:<7}  {text}"
    if finding.hint:
        yield f"{'':11}hint: {_shown(finding.hint)}"


def diagnosis_json(found: diagnosis.Diagnosis) -> str:
    """What `doctor` found for programs."""
    document = {
        "ok": found.is_healthy,
        "summary": found.summary,
        "sections": [
            {
                "name": section.name,
                "findings": [
                    {
                        "severity": each.severity.value,
                        "subject": _shown(each.subject),
                        "text": _shown(each.text),
                        "hint": _shown(each.hint),
                    }
                    for each in section.findings
                ],
            }
            for section in found.sections
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _detail(finding: Finding) -> str:
    """File names of a RECORD and urls of a direct_url.json are whatever an archive says."""
    return _shown(finding.detail)


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    # A cell with a line break, as a direct_url.json may have one, would forge a line of ours.
    rows = [tuple(printable(cell).replace("\n", "\\n") for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines)


def printable(text: str) -> str:
    """`text` without control characters that a lock could smuggle into a terminal.

    Colours go, as a tool's words have them; any other escape is shown by its code.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char in "\n\t" or char.isprintable() else repr(char)[1:-1]
        for char in _COLOUR.sub("", text)
    )


def _shown(text: str, secrets: Iterable[str] = ()) -> str:
    """What was read somewhere, fit for a terminal; colours of ours are added after this."""
    return printable(without_secrets(text, secrets))


def _wants_colour(ansi: bool | None) -> bool:
    """`--ansi/--no-ansi`, then NO_COLOR and FORCE_COLOR, then whether a person looks."""
    if ansi is not None:
        return ansi
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stderr is not None and sys.stderr.isatty())
