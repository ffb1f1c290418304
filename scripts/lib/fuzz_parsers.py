"""The parsers, driven by coverage. Started by scripts/reliability.sh; needs atheris."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

with atheris.instrument_imports(include=["hybrid_install"]):
    from hybrid_install.core import map_file, receipt, record, toml
    from hybrid_install.core.lockfile import Lockfile
    from hybrid_install.core.project import Project
    from hybrid_install.core.redaction import without_credentials
    from hybrid_install.core.settings import Settings
    from hybrid_install.errors import HybridInstallError
    from hybrid_install.report import printable


def _toml(read: Callable[[dict[str, object]], object]) -> Callable[[str], object]:
    def parse(text: str) -> object:
        try:
            document = toml.loads(text)
        except (ValueError, RecursionError):
            return None
        return read(document)

    return parse


PARSERS: tuple[Callable[[str], object], ...] = (
    _toml(Lockfile.from_dict),
    _toml(Project.from_dict),
    _toml(Settings.from_dict),
    receipt.from_json,
    map_file.from_json,
    record.parse_record,
    record.contents_of,
    without_credentials,
    lambda text: printable(text).encode(),
)


def one_input(content: bytes) -> None:
    """The first byte says which parser."""
    if content:
        with suppress(HybridInstallError):
            PARSERS[content[0] % len(PARSERS)](content[1:].decode("utf-8", "replace"))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
