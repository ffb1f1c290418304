"""The parsers, driven by coverage from the documents of tests/fuzz on.

Started by scripts/reliability.sh; needs atheris, and what tests/fuzz imports. Arguments: the folder
of inputs, which gains those that lead anywhere, and options of libFuzzer.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

with atheris.instrument_imports(include=["hybrid_install"]):
    from hybrid_install import poetry_config
    from hybrid_install.core import map_file, receipt, record, toml, versions
    from hybrid_install.core.file_choice import BinaryPolicy, candidates
    from hybrid_install.core.lockfile import Lockfile, generated_by
    from hybrid_install.core.model import Hash, LockedFile
    from hybrid_install.core.project import Project
    from hybrid_install.core.pylock import read_offers
    from hybrid_install.core.redaction import without_credentials
    from hybrid_install.core.settings import Settings
    from hybrid_install.environment.installed import _direct_url, _name_and_version
    from hybrid_install.errors import HybridInstallError
    from hybrid_install.report import printable
    from hybrid_install.tools import poetry

# After the above, which would else be imported without its instruments.
TESTS = Path(__file__).resolve().parents[2] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "fuzz")]
import test_environment as environment  # noqa: E402
import test_inputs as inputs  # noqa: E402
import test_words as words  # noqa: E402
from support.fakes import FakeRunner, locked, wheel  # noqa: E402
from support.machine import FIRST_LINE  # noqa: E402
from support.mutations import toml as toml_of  # noqa: E402

Parser = Callable[[bytes], object]

FOLDER = Path(sys.argv[1]).with_name("files")


def _text(read: Callable[[str], object]) -> Parser:
    return lambda content: read(content.decode("utf-8", "replace"))


def _toml(read: Callable[[dict[str, object]], object]) -> Parser:
    def parse(text: str) -> object:
        try:
            document = toml.loads(text)
        except (ValueError, RecursionError):
            return None
        return read(document)

    return _text(parse)


def _file(name: str, read: Callable[[Path], object]) -> Parser:
    """What is read from a file, which may hold any bytes, alone in its folder."""
    folder = FOLDER / name.partition(".")[0]

    def parse(content: bytes) -> object:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        return read(folder / name)

    return parse


def _settings_of(file: Path) -> object:
    """All that is asked of Poetry's settings, from one of its files."""
    folder = str(file.parent)
    config = poetry_config.load(file.parent, {"POETRY_CONFIG_DIR": folder, "HOME": folder})
    asked = [
        lambda: config.virtualenvs_path,
        lambda: config.python_installation_dir,
        lambda: config.has_foreign_virtualenv_options,
        lambda: config.asks_keyring,
        lambda: config.repositories,
        lambda: config.certificates("house"),
        lambda: config.certificate_variables(FOLDER),
        lambda: config.credentials("house"),
        lambda: config.mirror_url,
        lambda: config.binary_policy,
        lambda: config.build_config_settings,
        lambda: config.max_workers,
    ]
    for each in asked:
        with suppress(HybridInstallError):
            each()
    return config


def _poetry_of(answer: str) -> object:
    """What is asked of a Poetry that answers this, and of the version that it has."""
    found = poetry.find({poetry.VARIABLE: __file__}, FakeRunner([answer]))
    if found is None:
        return None
    _compared(found.version or "")
    return found.release, found.misfit(), found.re_resolves_by_default


def _compared(version: str) -> object:
    return (
        versions.normal_version(version),
        versions.same_version(version, "1.0"),
        versions.is_older(version, "2.3.0"),
        versions.allows(">=2.0,!=2.4 || 1.8.*", version),
    )


def _range(constraint: str) -> object:
    versions.oldest(constraint)
    versions.as_specifier(constraint)
    return versions.python_marker(constraint), versions.allows(constraint, "3.11.7")


def _ranked(name: str) -> object:
    """The files of a package whose locked wheel is called so."""
    package = locked("alpha", files=[wheel("alpha"), LockedFile(name, Hash("sha256", "0"))])
    return candidates(package, {"py3-none-any": 0}, BinaryPolicy())


def _json_of(document: object) -> bytes:
    return json.dumps(document).encode()


OWN_TABLE = inputs.PYPROJECT["tool"]["hybrid-install"]
RECORD = b"alpha/__init__.py,sha256=abc,0\n../../../bin/alpha,,\n"
URL = b"fatal: unable to access 'https://user:swordfish@h/x?token=1#y': 401"

# What reads, and what it starts from: of each as many inputs.
PARSERS: Mapping[str, tuple[Parser, bytes]] = {
    "poetry.lock": (_toml(Lockfile.from_dict), toml_of(inputs.LOCK)),
    "first line": (_text(generated_by), FIRST_LINE.encode()),
    "version": (_text(_compared), b"1!2.5.1rc1.post2.dev3+local.4"),
    "range": (_text(_range), b"^3.9 || ~3.11, !=3.11.2, <4.0"),
    "wheel": (_text(_ranked), b"alpha-1.0-2build-py2.py3-none-any.whl"),
    "answer of Poetry": (_text(_poetry_of), b"Poetry (version 2.5.1)"),
    "pyproject.toml": (_toml(Project.from_dict), toml_of(inputs.PYPROJECT)),
    "tool.hybrid-install": (_toml(Settings.from_dict), toml_of(OWN_TABLE)),
    "poetry.toml": (_file("poetry.toml", _settings_of), toml_of(inputs.SETTINGS)),
    "config.toml": (_file("config.toml", _settings_of), toml_of(inputs.SETTINGS)),
    "receipt": (_text(receipt.from_json), _json_of(environment.RECEIPT)),
    "map": (_text(map_file.from_json), _json_of(inputs.MAP)),
    "RECORD": (_text(record.parse_record), RECORD),
    "contents of a RECORD": (_text(record.contents_of), RECORD),
    "METADATA": (_file("METADATA", _name_and_version), environment.METADATA),
    "direct_url.json": (_file("direct_url.json", _direct_url), _json_of(environment.DIRECT_URL)),
    "pylock.toml": (_toml(read_offers), toml_of(words.PYLOCK)),
    "redaction": (_text(without_credentials), URL),
    "terminal": (_text(lambda text: printable(text).encode()), b"\x1b[2J\xc2\x9b31m"),
}


def one_input(content: bytes) -> None:
    """The first byte says which parser."""
    if content:
        parse, _ = list(PARSERS.values())[content[0] % len(PARSERS)]
        with suppress(HybridInstallError):
            parse(content[1:])


def write_seeds(folder: Path) -> None:
    """A good document for each parser, to begin with."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, (_, good)) in enumerate(PARSERS.items()):
        (folder / f"seed-{name}").write_bytes(bytes([number]) + good)


if __name__ == "__main__":
    write_seeds(Path(sys.argv[1]))
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
