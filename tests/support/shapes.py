"""Projects of every shape that Poetry binds: the files of each, by name. None has dependencies."""

from __future__ import annotations

from collections.abc import Mapping

Files = Mapping[str, str]

_BACKEND = """
[build-system]
requires = ["poetry-core>=2"]
build-backend = "poetry.core.masonry.api"
"""

_MAIN = "def main():\n    print('started')\n"


def _project(more: str = "", poetry: str = "", *, name: str = "acme", version: str = "1.0") -> str:
    """PEP 621; a [tool.poetry] table only where there is something to say in it."""
    table = f"[tool.poetry]\n{poetry}" if poetry else ""
    head = f'[project]\nname = "{name}"\nversion = "{version}"\nrequires-python = ">=3.9"\n'
    return f"{head}{more}\n{table}\n{_BACKEND}"


_LEGACY = f"""
[tool.poetry]
name = "acme"
version = "1.0rc1"
description = "Ein Äpfelchen, 苹果"
authors = ["Søren Ünïcøde <soren@example.com>", "Only A Name"]
maintainers = ["Máire <maire@example.com>"]
license = "Apache-2.0"
readme = ["README.md", "CHANGES.md"]
homepage = "https://example.com/acme"
repository = "https://example.com/acme.git"
documentation = "https://example.com/docs"
keywords = ["one", "zwei"]
classifiers = ["Topic :: Software Development"]
packages = [{{ include = "acme" }}]

[tool.poetry.urls]
"Bug Tracker" = "https://example.com/bugs"

[tool.poetry.dependencies]
python = ">=3.9"

[tool.poetry.scripts]
acme = "acme:main"
acme-tool = {{ reference = "bin/tool.sh", type = "file" }}
acme-console = {{ reference = "acme:main", type = "console" }}
acme-lost = {{ reference = "bin/lost.sh", type = "file" }}
acme-folder = {{ reference = "bin", type = "file" }}

[tool.poetry.plugins."acme.plugins"]
first = "acme:main"
{_BACKEND}
"""

SHAPES: Mapping[str, Files] = {
    "in src": {"pyproject.toml": _project(), "src/acme/__init__.py": ""},
    "flat": {"pyproject.toml": _project(), "acme/__init__.py": ""},
    "a module": {"pyproject.toml": _project(), "acme.py": _MAIN},
    "a module in src": {"pyproject.toml": _project(), "src/acme.py": _MAIN},
    "several packages": {
        "pyproject.toml": _project(
            poetry="""packages = [
    { include = "one", from = "lib" },
    { include = "two", from = "src", to = "elsewhere" },
    { include = "three" },
    { include = "tests", format = "sdist" },
    { include = "**/*.py", from = "more" },
]"""
        ),
        "lib/one/__init__.py": "",
        "src/two/__init__.py": "",
        "three/__init__.py": "",
        "tests/test_it.py": "",
        "more/deep/four.py": "",
    },
    "namespaces": {
        "pyproject.toml": _project(
            poetry='packages = [{ include = "acme/tools", from = "src" }]', name="acme.tools"
        ),
        "src/acme/tools/__init__.py": "",
    },
    "stubs": {
        "pyproject.toml": _project(name="acme-stubs", poetry='packages=[{include="acme-stubs"}]'),
        "acme-stubs/__init__.pyi": "",
    },
    "includes and excludes": {
        "pyproject.toml": _project(
            poetry="""include = ["data/*.txt", { path = "notes", format = "wheel" }]
exclude = ["acme/secret.py"]"""
        ),
        "acme/__init__.py": "",
        "acme/secret.py": "",
        "data/a.txt": "a",
        "notes/b.txt": "b",
    },
    "commands": {
        "pyproject.toml": _project(
            """
[project.scripts]
acme = "acme:main"
acme-fast = "acme:Class.method [fast]"
[project.gui-scripts]
acme-window = "acme:main"
[project.entry-points."acme.plugins"]
second = "acme:main"
first = "acme"
[project.optional-dependencies]
fast = []
""",
            poetry='scripts = { acme-file = { reference = "tool.py", type = "file" } }',
        ),
        "acme.py": _MAIN,
        "tool.py": "#!/usr/bin/env python\nprint('a file')\n",
    },
    "metadata": {
        "pyproject.toml": _project(
            """
description = "Äpfel 苹果"
readme = "README.rst"
license = "MIT OR Apache-2.0"
license-files = ["LICEN[CS]E*", "legal/**/*.txt"]
keywords = ["b", "a"]
authors = [{ name = "Søren", email = "soren@example.com" }, { email = "x@example.com" }]
maintainers = [{ name = "Máire" }]
classifiers = ["Private :: Do Not Upload"]
[project.urls]
Homepage = "https://example.com"
Changes = "https://example.com/changes"
"""
        ),
        "acme/__init__.py": "",
        "README.rst": "Äpfel\n=====\n\ntext\n",
        "LICENSE": "free\n",
        "LICENSE.extra": "freer\n",
        "legal/deep/other.txt": "freest\n",
    },
    "licenses by themselves": {
        "pyproject.toml": _project('license = { file = "LICENSE.txt" }'),
        "acme/__init__.py": "",
        "LICENSE.txt": "free\n\nfor all\n",
        "AUTHORS.md": "we\n",
        "LICENSES/MIT.txt": "mit\n",
    },
    "a readme in a table": {
        "pyproject.toml": _project(
            'readme = { text = "# Äpfel", content-type = "text/markdown" }\nlicense = "MIT"'
        ),
        "acme/__init__.py": "",
    },
    "legacy metadata": {
        "pyproject.toml": _LEGACY,
        "acme/__init__.py": _MAIN,
        "README.md": "# Äpfel\n",
        "CHANGES.md": "none\n",
        "bin/tool.sh": "#!/bin/sh\necho tool\n",
    },
    "odd names": {
        "pyproject.toml": _project(name="My.Pkg_x", version="1.0-rc.1+local_2"),
        "my_pkg_x/__init__.py": "",
    },
    "letters": {
        "pyproject.toml": _project(poetry='packages = [{ include = "äpfel", from = "größe" }]'),
        "größe/äpfel/__init__.py": "",
    },
    "a dynamic version": {
        "pyproject.toml": (
            '[project]\nname = "acme"\nrequires-python = ">=3.9"\ndynamic = ["version"]\n'
            f'[tool.poetry]\nversion = "3.2.1"\n{_BACKEND}'
        ),
        "acme/__init__.py": "",
    },
    "no build system": {
        "pyproject.toml": _project().replace(_BACKEND, ""),
        "acme/__init__.py": "",
    },
}
