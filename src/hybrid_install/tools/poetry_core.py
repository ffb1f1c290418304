"""poetry-core in our own process: what it makes of a project, without any Poetry.

`EditableBuilder` (poetry/masonry/builders/editable.py) is a subclass of poetry-core's `Builder`,
and has its .dist-info written by poetry-core's `WheelBuilder`: both are asked here.
"""

from __future__ import annotations

import locale
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybrid_install.core.editable import Binding, Copy, Launcher, MetadataFile
from hybrid_install.core.model import normalize_name
from hybrid_install.errors import HybridInstallError, ProjectError
from hybrid_install.regular import read_bytes
from hybrid_install.whole import temporary_folder

if TYPE_CHECKING:
    from poetry.core.masonry.builders.builder import Builder
    from poetry.core.masonry.utils.include import Include
    from poetry.core.poetry import Poetry


def version() -> str:
    """The version of poetry-core that is asked."""
    from poetry.core import __version__

    return __version__


def binding(project_dir: Path) -> Binding:
    """The editable installation of the project; `ProjectError` where Poetry could not make it."""
    from poetry.core.masonry.builders.builder import Builder
    from poetry.core.masonry.builders.wheel import WheelBuilder

    with _words_of_poetry_core():
        poetry = _read(project_dir)
        builder, wheel = Builder(poetry), WheelBuilder(poetry)
        module = builder._module  # noqa: SLF001  # as EditableBuilder does, which is its subclass
        scripts = poetry.local_config.get("scripts", {})
        copies, omitted = _copies(scripts, project_dir)
        found = Binding(
            name=normalize_name(poetry.package.name),
            pth=Path(module.name).with_suffix(".pth").name,
            folders=_path_file(_folders(module.includes)),
            launchers=tuple(_launchers(builder)),
            copies=copies,
            dist_info=wheel.dist_info,
            metadata=_metadata(wheel),
            omitted=omitted,
        )
        _refuse_odd_names(found)
        return found


def metadata(project_dir: Path) -> bytes:
    """The core metadata (METADATA) of the project; errors as for `binding`."""
    from poetry.core.masonry.builders.builder import Builder

    with _words_of_poetry_core():
        return Builder(_read(project_dir)).get_metadata_content().encode()


def build_wheel(project_dir: Path, output: Path) -> None:
    """The project as a wheel in `output`, as `poetry build` makes it; errors as for `binding`."""
    from poetry.core.masonry.builders.wheel import WheelBuilder

    with _words_of_poetry_core():
        WheelBuilder(_read(project_dir)).build(output)


@contextmanager
def _words_of_poetry_core() -> Iterator[None]:
    """Whatever it raises is about the project."""
    try:
        yield
    except HybridInstallError:
        raise
    except Exception as error:  # noqa: BLE001  # of every class, a bare `KeyError` too
        raise ProjectError(
            f"poetry-core cannot install this project: {error or type(error).__name__}",
            hint="mend pyproject.toml, or leave the project out: `--no-root`, or"
            " `package-mode = false` in [tool.poetry]",
        ) from None


def _read(project_dir: Path) -> Poetry:
    """Groups have no part in what is installed of a project."""
    from poetry.core.factory import Factory

    return Factory().create_poetry(project_dir, with_groups=False)


def _folders(includes: Iterable[Include]) -> Iterator[str]:
    """`EditableBuilder._add_pth`."""
    from poetry.core.masonry.utils.package_include import PackageInclude

    for include in includes:
        if isinstance(include, PackageInclude) and (include.is_module() or include.is_package()):
            yield include.base.resolve().as_posix()


def _path_file(folders: Iterable[str]) -> bytes:
    """Poetry writes a set, in no order; here they are in that of pyproject.toml."""
    text = "".join(f"{folder}{os.linesep}" for folder in dict.fromkeys(folders))
    return text.encode(locale.getencoding())


def _launchers(builder: Builder) -> Iterator[Launcher]:
    """`EditableBuilder._add_scripts`."""
    entry_points = builder.convert_entry_points()
    for kind in ("console_scripts", "gui_scripts"):
        for entry in entry_points.get(kind, ()):
            yield Launcher.parse(entry)


def _copies(
    scripts: Mapping[str, Any], project_dir: Path
) -> tuple[tuple[Copy, ...], tuple[str, ...]]:
    """As `_launchers`: those of `type = "file"`, and in Poetry's words what is none."""
    copies, omitted = [], []
    for name, script in scripts.items():
        if not (isinstance(script, dict) and script.get("type") == "file"):
            continue
        source = script.get("reference") or ""
        if problem := _problem_of(source, project_dir):
            omitted.append(f"File script {name} {problem}")
        else:
            copies.append(Copy(name, source))
    return tuple(copies), tuple(omitted)


def _problem_of(source: str, project_dir: Path) -> str:
    if not source:
        return 'is missing a "reference" field'
    if not (project_dir / source).exists():
        return f"references {source} which does not exist"
    return "" if (project_dir / source).is_file() else f"references {source} which is not a file"


def _metadata(wheel: Any) -> tuple[MetadataFile, ...]:
    """What `WheelBuilder.prepare_metadata` writes, in the order of RECORD."""
    with temporary_folder() as folder:
        made = wheel.prepare_metadata(folder)
        return tuple(
            MetadataFile(
                path.relative_to(made).as_posix(),
                read_bytes(path),
                stat.S_IMODE(path.stat().st_mode),
            )
            for path in sorted(made.rglob("*"))
            if path.is_file()
        )


def _refuse_odd_names(found: Binding) -> None:
    """A command's name that leads out of the folder of commands."""
    names = [each.name for each in found.launchers] + [each.name for each in found.copies]
    for name in names:
        if Path(name).name != name:
            raise ProjectError(
                f"the script {name!r} has no name that a file can have",
                hint="rename it in pyproject.toml",
            )
