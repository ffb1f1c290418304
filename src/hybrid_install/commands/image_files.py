"""`hybrid-install init --docker`: a Dockerfile and a .dockerignore, fitted to the project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath

from hybrid_install.core.image import dockerignore, fitted
from hybrid_install.errors import UsageError
from hybrid_install.files import TomlFile, read_lock, read_project
from hybrid_install.report import Report


@dataclass(frozen=True)
class ImageFiles:
    """What is to be in which file, and what to tell the user of it."""

    texts: Mapping[Path, str]
    notes: tuple[str, ...]

    def write(self, report: Report) -> None:
        """Write them all."""
        for path, text in self.texts.items():
            path.write_text(text, "utf-8")
            report.say("init", f"{path} is written")
        for note in self.notes:
            report.say("note", note)


def image_files(pyproject: TomlFile, *, force: bool) -> ImageFiles:
    """The files of a project, beside its pyproject.toml.

    `UsageError` where one of them is there already, but under `force`.
    """
    folder = pyproject.path.parent
    project, lock = read_project(pyproject), read_lock(folder)
    fit = fitted(pyproject.document, project, lock, PurePosixPath(folder.resolve()))
    # Where the context is another folder, the file is known by the name of its Dockerfile.
    ignored = ".dockerignore" if fit.context == "." else "Dockerfile.dockerignore"
    texts = {
        folder / "Dockerfile": fit.image.dockerfile(dockerfile_template()),
        folder / ignored: dockerignore(fit.image, keeps_git=fit.keeps_git),
    }
    there = [path for path in texts if path.exists()]
    if there and not force:
        raise UsageError(
            f"{' and '.join(map(str, there))} would be overwritten",
            hint="move what is there, or say --force",
        )
    return ImageFiles(texts, fit.notes)


def dockerfile_template() -> str:
    """The text that every Dockerfile of ours is made from."""
    return files("hybrid_install").joinpath("templates", "Dockerfile").read_text("utf-8")
