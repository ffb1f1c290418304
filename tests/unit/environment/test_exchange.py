"""Names beside a place, and what is left there by runs that were killed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hybrid_install.environment import exchange
from hybrid_install.environment.exchange import beside, room_beside, take_place


def environment(folder: Path, name: str) -> Path:
    folder.mkdir()
    (folder / "pyvenv.cfg").write_text(name, "utf-8")
    return folder


def named(folder: Path) -> str:
    return (folder / "pyvenv.cfg").read_text("utf-8")


@pytest.mark.parametrize(
    "name", [".venv", "v", "~", "ab", "é", "env-é", "acme-AbCdEf12-py3.11", "x" * 255]
)
def test_a_name_of_the_same_length(name: str, tmp_path: Path) -> None:
    """In bytes: compiled code and scripts hold the path."""
    place = tmp_path / name
    made = beside(place)
    assert made != place
    assert made.parent == place.parent
    assert len(os.fsencode(made)) == len(os.fsencode(place))
    os.fsencode(made).decode("utf-8")


@pytest.mark.parametrize(
    ("one", "other"), [("venv1", "venv2"), ("acme-AbCdEf12-py3.11", "acme-AbCdEf12-py3.12")]
)
def test_environments_of_one_folder_have_their_own(one: str, other: str, tmp_path: Path) -> None:
    assert beside(tmp_path / one) != beside(tmp_path / other)


@pytest.fixture(params=["the system exchanges", "it cannot"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param == "it cannot":
        monkeypatch.setattr(exchange, "_exchanged", lambda *_: False)
    return tmp_path / "venv"


def test_the_new_one_takes_the_place(place: Path) -> None:
    environment(place, "old")
    with room_beside(place) as made:
        take_place(environment(made, "new"), place)
    assert named(place) == "new"
    assert [*place.parent.iterdir()] == [place]


def test_it_takes_a_place_where_nothing_is(place: Path) -> None:
    with room_beside(place) as made:
        take_place(environment(made, "new"), place)
    assert named(place) == "new"
    assert [*place.parent.iterdir()] == [place]


def test_a_place_that_cannot_be_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one is there again."""
    monkeypatch.setattr(exchange, "_exchanged", lambda *_: False)
    place = environment(tmp_path / "venv", "old")
    with pytest.raises(OSError, match="nothing"), room_beside(place):
        take_place(tmp_path / "nothing", place)
    assert named(place) == "old"
    assert [*tmp_path.iterdir()] == [place]


def killed_without_exchange(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As SIGKILL between the two renamings leaves it."""
    monkeypatch.setattr(exchange, "_exchanged", lambda *_: False)
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if target == place:
            raise SystemExit
        return real(self, target)

    made = environment(beside(place), "new")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        with pytest.raises(SystemExit):
            take_place(made, place)
    assert not place.exists()


def test_the_next_run_puts_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = environment(tmp_path / "venv", "old")
    killed_without_exchange(place, monkeypatch)
    with room_beside(place) as made:
        assert named(place) == "old"
        assert [*tmp_path.iterdir()] == [place]
        take_place(environment(made, "newer"), place)
    assert named(place) == "newer"
    assert [*tmp_path.iterdir()] == [place]


def test_an_old_one_goes_where_another_has_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = environment(tmp_path / "venv", "old")
    killed_without_exchange(place, monkeypatch)
    environment(place, "made in place")
    with room_beside(place):
        assert [*tmp_path.iterdir()] == [place]
    assert named(place) == "made in place"


def test_what_is_somebody_s_stays(tmp_path: Path) -> None:
    place = environment(tmp_path / "venv", "old")
    theirs = beside(place)
    theirs.mkdir()
    (theirs / "notes").touch()
    with room_beside(place):
        pass
    assert (theirs / "notes").exists()
