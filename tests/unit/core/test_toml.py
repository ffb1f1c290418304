"""Both readers of TOML: the same documents, the same words for what is none."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.corpus import pairs

from hybrid_install.core import toml

DOCUMENT = """\
a = 1
"b c".d = [1.5, inf, 0xff]
when = 1979-05-27T07:32:00Z
[[e]]
n = {x = "q", y = 'r\\'}
text = '''
two lines'''
[[e]]
"""


@pytest.fixture(params=["fast", "slow"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With rtoml and, as on a machine for which it has no wheel, without."""
    if request.param == "slow":
        monkeypatch.setattr(toml, "rtoml", None)
    return str(request.param)


@pytest.mark.usefixtures("reader")
def test_a_document_is_read_as_the_standard_library_reads_it() -> None:
    assert toml.loads(DOCUMENT) == tomllib.loads(DOCUMENT)


@pytest.mark.usefixtures("reader")
def test_real_files_are_read_as_the_standard_library_reads_them() -> None:
    for pair in pairs():
        for file in (pair.folder / "pyproject.toml", pair.folder / "poetry.lock"):
            text = file.read_text("utf-8")
            assert toml.loads(text) == tomllib.loads(text), file


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    "text",
    [
        "a = ",
        "[a",
        "a = 1\na = 2",
        "\x00",
        "a = 'b",
        "\ufeffa = 1",
        "a = {b\n= 1}",
        "a = {b =\n1}",
        "[a]\nb = {c = '{}', d\n= 1}",
        "a = {b # }\n= 1}",
        "a = {b = 1,}",
        "a = [{b = 1}, {b = 1, }]",
        "a = {b = {c = 1}\n}",
        'a = {b = """}\n""",\n}',
        'a = {b = """{}}\n""",\n}',
        "a = {b = '''}\n''', c = 1,\n}",
        'a = {b = """x"}\n""",\n}',
        'a = "\\e"',
        'a = "\\x41"',
        "a = 07:32",
        "a = 1979-05-27T07:32Z",
    ],
)
def test_what_is_no_toml_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError, match=r"line \d|end of document"):
        toml.loads(text)


@pytest.mark.usefixtures("reader")
def test_integers_may_be_of_any_size() -> None:
    assert toml.loads(f"a = {10**30}") == {"a": 10**30}


@pytest.mark.usefixtures("reader")
def test_ends_of_lines_are_all_the_same() -> None:
    """Git writes others on Windows, and what is hashed is what was read."""
    assert toml.loads(DOCUMENT.replace("\n", "\r\n")) == tomllib.loads(DOCUMENT)


@pytest.mark.parametrize(
    "line",
    [
        'a = {b = "c, d", e = "f \\"g\\""}',
        '"a.b" = {c = 1}  # a note',
        "a = [{b = 1}, {b = 2}]",
        "# {a = 1, }",
        "a = 07:32:00",
        "a = 1979-05-27T07:32:00+01:00",
        'hash = "sha256:12ab"',
    ],
)
def test_what_is_common_is_left_to_the_fast_reader(line: str) -> None:
    assert not toml._is_odd(f"{line}\n")


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(DOCUMENT) - 1),
            st.sampled_from("=[]{}\"'\n\\.,#-_+09aTZ: \r\0é\ufeffex"),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_a_spoiled_document_is_the_same_or_refused(changes: list[tuple[int, str]]) -> None:
    spoiled = list(DOCUMENT)
    for position, character in changes:
        spoiled[position] = character
    text = "".join(spoiled)
    assert _outcome(text) == _outcome_of_the_standard_library(text)


def _outcome(text: str) -> object:
    try:
        return toml.loads(text)
    except ValueError as error:
        return str(error)


def _outcome_of_the_standard_library(text: str) -> object:
    try:
        return tomllib.loads(text)
    except ValueError as error:
        return str(error)
