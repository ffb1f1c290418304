"""The environment variables of everything that the benchmark starts."""

from __future__ import annotations

import os
from pathlib import Path

from benchmark.tools import Tools

_SCRUBBED = (
    *("POETRY_", "UV_", "PIP_", "HYBRID_INSTALL_", "CONDA_", "VIRTUALENV_", "XDG_", "PYTHON"),
    *("SSL_", "GIT_"),
)
_SCRUBBED_NAMES = {"VIRTUAL_ENV", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "CI"}
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_NOBODY = "http://127.0.0.1:9"


def environment(folder: Path, tools: Tools, index_url: str, *, is_mirrored: bool) -> dict[str, str]:
    """The variables of everything that is run in `folder`; nothing leaves this machine.

    The index on 127.0.0.1 stands in the default one's place, in each tool's own words. Poetry has
    none: a plugin's are said with `is_mirrored`. hybrid-install would understand them too, and
    would not keep a mirror's urls, as it keeps the default index's. So it gets a uv whose default
    index is this one.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _SCRUBBED_NAMES and not name.startswith(_SCRUBBED)
    }
    home = folder / "home"
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    proxies = {name: _NOBODY for each in _PROXIES for name in (each, each.lower())}
    mirror = {"POETRY_PYPI_MIRROR_URL": f"{index_url}/"}
    stand_in = {"HYBRID_INSTALL_UV": str(_uv_with_index(folder, tools, index_url))}
    return {
        **kept,
        **proxies,
        **(mirror if is_mirrored else stand_in),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "HOME": str(home),
        "TMPDIR": str(folder / "tmp"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "PATH": f"{tools.bin}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_INDEX_URL": index_url,
        # pip caches nothing that comes by http, but from whom it is told to trust.
        "PIP_TRUSTED_HOST": "127.0.0.1",
        "POETRY_VIRTUALENVS_IN_PROJECT": "true",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "UV_DEFAULT_INDEX": index_url,
        "UV_PYTHON_DOWNLOADS": "never",
    }


def _uv_with_index(folder: Path, tools: Tools, index_url: str) -> Path:
    path = folder / "uv"
    path.write_text(f'#!/bin/sh\nUV_DEFAULT_INDEX={index_url} exec {tools["uv"]} "$@"\n', "utf-8")
    path.chmod(0o755)
    return path
