"""Settings of Poetry that no system call, no tool and no terminal should be given."""

from __future__ import annotations

from pathlib import Path

import pytest

from hybrid_install.errors import HybridInstallError, InvalidDataError
from hybrid_install.poetry_config import PoetryConfig, load


def loaded(folder: Path, text: str, **variables: str) -> PoetryConfig:
    (folder / "poetry.toml").write_text(text, "utf-8")
    return load(folder, {"POETRY_CONFIG_DIR": str(folder / "config"), **variables})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('cache-dir = "\\u0000"', "cache-dir"),
        ('data-dir = "a\\nb"', "data-dir"),
        ('[virtualenvs]\npath = "a\\u0000b"', "virtualenvs.path"),
        ('[virtualenvs]\npath = "{cache-dir}\\u001b[2J"', "virtualenvs.path"),
        ('[virtualenvs]\nprompt = "\\u0000"', "virtualenvs.prompt"),
        ('[python]\ninstallation-dir = "\\u009b1m"', "python.installation-dir"),
        ('[certificates.house]\ncert = "/ca\\n.pem"', "certificates.house.cert"),
        ('[certificates."a\\u0000b"]\ncert = "ca.pem"', "certificates.a\0b.cert"),
        ('[http-basic.house]\npassword = "sword\\u0000fish"', "http-basic.house.password"),
        ('[installer]\nno-binary = ["\\u0000"]', "installer.no-binary"),
    ],
)
def test_control_characters(text: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError) as error:
        loaded(tmp_path, text)
    assert error.value.file == str(tmp_path / "poetry.toml")
    assert error.value.context == place
    assert error.value.hint
    assert "fish" not in error.value.problem


@pytest.mark.parametrize(
    "name",
    [
        "POETRY_HOME",
        "POETRY_CONFIG_DIR",
        "POETRY_CACHE_DIR",
        "POETRY_DATA_DIR",
        "POETRY_VIRTUALENVS_PATH",
        "POETRY_PYTHON_INSTALLATION_DIR",
        "POETRY_CERTIFICATES_HOUSE_CERT",
    ],
)
def test_control_characters_in_variables(name: str, tmp_path: Path) -> None:
    with pytest.raises(HybridInstallError) as error:
        loaded(tmp_path, "", **{name: "a\n::error::b\x1b[2J"})
    assert error.value.message.startswith(f"{name} holds")
    assert "\n" not in error.value.message
    assert error.value.hint


def test_what_is_no_path_is_its_own_matter(tmp_path: Path) -> None:
    """A coloured prompt, a password of any kind; a folder named in any language."""
    config = loaded(
        tmp_path,
        'cache-dir = "/büro\\u00a0x"\n[virtualenvs]\nprompt = "\\u001b[1m{project_name}"\n'
        '[http-basic.house]\npassword = "a\\tb"\n',
        POETRY_VIRTUALENVS_PROMPT="a\nb",
    )
    assert str(config.virtualenvs_path) == "/büro\xa0x/virtualenvs"
    assert config.text("virtualenvs", "prompt") == "a\nb"
