"""A project, a lock and settings that are good and have a little of everything: to be spoilt."""

from __future__ import annotations

from typing import Any

DIGEST = "sha256:" + "0" * 64

PYPROJECT: dict[str, Any] = {
    "project": {
        "name": "acme-app",
        "version": "0.1.0",
        "requires-python": ">=3.9",
        "dependencies": ["alpha (>=1,<2)", "bravo[fast] ; python_version > '3.0'"],
        "optional-dependencies": {"more": ["delta"]},
        "scripts": {"acme": "acme:main", "other": "acme.other:run"},
    },
    "dependency-groups": {"dev": ["echo>=1"], "docs": [{"include-group": "dev"}]},
    "tool": {
        "poetry": {
            "packages": [{"include": "acme", "from": "src"}],
            "dependencies": {
                "python": "^3.9",
                "bravo": {"source": "house", "extras": ["fast"]},
                "golf": {"git": "https://127.0.0.1/golf.git", "branch": "main"},
                "hotel": {"path": "../hotel", "develop": True},
            },
            "group": {"docs": {"optional": True, "dependencies": {"foxtrot": "*"}}},
            "source": [
                {"name": "house", "url": "http://127.0.0.1:9/simple", "priority": "primary"},
                {"name": "vault", "url": "http://u:p@127.0.0.1:9/v", "priority": "explicit"},
            ],
            "build-constraints": {"alpha": {"setuptools": "<70"}},
            "requires-poetry": ">=2.0",
            "requires-plugins": {"poetry-plugin-export": ">=1"},
        },
        "hybrid-install": {
            "heavy": ["torch*", "!numpy"],
            "provided": ["zulu-*"],
            "provided-mismatch": "warn",
            "no-editable": False,
            "finish": "poetry",
            "exports": [{"file": "requirements.txt", "format": "requirements", "with": ["docs"]}],
        },
    },
    "build-system": {"requires": ["poetry-core"], "build-backend": "poetry.core.masonry.api"},
}


def package(name: str, version: str = "1.0", **more: Any) -> dict[str, Any]:
    wheel = f"{name}-{version}-py3-none-any.whl"
    return {
        "name": name,
        "version": version,
        "description": "",
        "optional": False,
        "python-versions": ">=3.8",
        "groups": ["main", "dev"],
        "files": [{"file": wheel, "hash": DIGEST}, {"file": f"{name}.tar.gz", "hash": DIGEST}],
        **more,
    }


LOCK: dict[str, Any] = {
    "package": [
        package(
            "alpha", dependencies={"bravo": ">=1", "delta": {"version": "*", "optional": True}}
        ),
        package(
            "bravo",
            "1.2+cpu",
            markers={"main": "sys_platform != 'win32' and extra == 'more'"},
            source={"type": "legacy", "url": "http://127.0.0.1:9/simple", "reference": "house"},
            extras={"fast": ["golf (>=1) ; python_version < '4'"]},
        ),
        package("delta", markers='platform_system == "Linux" or python_version in "3.9 3.10"'),
        package("echo", groups=["dev"], develop=True, source={"type": "directory", "url": "echo"}),
        package("foxtrot", source={"type": "file", "url": "foxtrot-1.0-py3-none-any.whl"}),
        package(
            "golf",
            source={
                "type": "git",
                "url": "https://127.0.0.1/golf.git",
                "reference": "main",
                "resolved_reference": "0" * 40,
                "subdirectory": "sub",
            },
        ),
        package("hotel", source={"type": "url", "url": "http://127.0.0.1:9/hotel-1.0.tar.gz"}),
    ],
    "extras": {"more": ["delta"]},
    "metadata": {"lock-version": "2.1", "python-versions": ">=3.9", "content-hash": "0"},
}


SETTINGS: dict[str, Any] = {
    "virtualenvs": {
        "create": True,
        "in-project": False,
        "path": "{cache-dir}/virtualenvs",
        "prompt": "{project_name}-py{python_version}",
        "options": {"always-copy": False, "system-site-packages": False, "no-pip": False},
        "use-poetry-python": False,
    },
    "installer": {
        "re-resolve": False,
        "parallel": True,
        "max-workers": 4,
        "no-binary": "alpha,bravo",
        "only-binary": ["delta"],
        "build-config-settings": {"alpha": {"key": ["value"]}},
    },
    "cache-dir": "/nonexistent/cache",
    "keyring": {"enabled": False},
    "http-basic": {"house": {"username": "someone", "password": "swordfish"}},
    "certificates": {"house": {"cert": "/nonexistent/ca.pem", "client-cert": "c.pem"}},
    "repositories": {"house": {"url": "http://127.0.0.1:9/simple"}},
    "plugins": {"pypi_mirror": {"url": "http://127.0.0.1:9/mirror"}},
    "python": {"installation-dir": "{data-dir}/python"},
}
