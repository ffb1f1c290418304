"""Every way in which a run can be refused or fail, and the exit code of each.

An error says what is wrong and where (`message`), and what to do next (`hint`). `cli.main`
prints both and exits with `exit_code`; a traceback is for bugs only.
"""

from __future__ import annotations

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_BUG = 3
EXIT_HUNG_UP = 129
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class HybridInstallError(Exception):
    """The root of all errors that a user can cause or mend."""

    exit_code = EXIT_ERROR

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(HybridInstallError):
    """An option whose value cannot be understood."""

    exit_code = EXIT_USAGE


class ProjectError(HybridInstallError):
    """pyproject.toml, poetry.toml or Poetry's own configuration is missing or invalid."""


class LockfileError(HybridInstallError):
    """poetry.lock is missing, unreadable, stale or of a version that Poetry refuses."""


class SelectionError(HybridInstallError):
    """Groups or extras that do not exist or cannot be asked for together."""


class TargetError(HybridInstallError):
    """The environment, or the interpreter to make it with, cannot be used."""


class ToolError(HybridInstallError):
    """uv or Poetry is missing, too old or failed."""


class DriftError(HybridInstallError):
    """Poetry had to do more than what was left to it (an error under --strict only)."""


class VerificationError(HybridInstallError):
    """The environment is not what the lock selects."""


class DiagnosisError(HybridInstallError):
    """Something that an install would fail at (`doctor`)."""


class ExportError(HybridInstallError):
    """An exported file is not up to date (`export --check`)."""


class InvalidDataError(HybridInstallError):
    """A value of the wrong shape inside a file, with the path to it.

    `context` is the place within the document, outermost first, for example
    `package[12].files[0].hash`; `file` is added by whoever read it.
    """

    def __init__(self, problem: str, context: str, *, file: str | None = None) -> None:
        self.problem = problem
        self.context = context
        self.file = file
        super().__init__(
            ": ".join(part for part in (file, _one_line(context), problem) if part),
            hint="mend that place, or have the file made again" if file else None,
        )

    def within(self, outer: str) -> InvalidDataError:
        """The same error, seen from one level further out."""
        joiner = "" if self.context.startswith("[") else "."
        context = f"{outer}{joiner}{self.context}" if self.context else outer
        return InvalidDataError(self.problem, context, file=self.file)

    def in_file(self, file: str) -> InvalidDataError:
        """The same error, with the file it was found in."""
        return InvalidDataError(self.problem, self.context, file=file)


def _one_line(context: str) -> str:
    """A place is named by keys of the document, which may hold anything."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in context)
