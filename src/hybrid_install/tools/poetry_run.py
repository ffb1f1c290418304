"""One run of Poetry: its arguments and its variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hybrid_install.core.selection import SelectionOptions

# Poetry has no word for it: every way out leads to a port (discard) at which nobody answers.
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_NO_NETWORK = {
    **{name: "http://127.0.0.1:9" for each in _PROXIES for name in (each, each.upper())},
    "no_proxy": "",
    "NO_PROXY": "",
}


@dataclass(frozen=True)
class PoetryRun:
    """One `poetry install`: the same selection, the same environment.

    `environment_path` is None where Poetry installs into its own interpreter. `variables` are for
    it alone. With `ignore_envs_file` Poetry is kept from an envs.toml that would choose another
    environment; it is a folder without one. `stand_in` is the folder of the project that is
    installed in the place of ours (core/stand_in.py); paths in Poetry's settings are relative to
    ours all the same. Unless it `builds`, no sdist of an index is taken
    (`installer.only-binary`). When `offline` it must not reach any server.
    """

    project_dir: Path
    environment_path: Path | None
    selection: SelectionOptions
    sync: bool = False
    no_directory: bool = False
    compile_bytecode: bool = False
    no_plugins: bool = False
    no_cache: bool = False
    interactive: bool = True
    ansi: bool = True
    verbosity: int = 0
    re_resolve: bool | None = None
    ignore_envs_file: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    stand_in: Path | None = None
    builds: bool = True
    offline: bool = False

    def argv(self, *, syncs: bool) -> tuple[str, ...]:
        """The arguments; `syncs` where this Poetry has a `sync` command.

        Never `--quiet`: it would silence Poetry's errors too. A quiet run captures the output.
        """
        selection = self.selection
        return (
            "sync" if syncs else "install",
            *(["--sync"] if self.sync and not syncs else []),
            *_repeated("--with", selection.with_groups),
            *_repeated("--without", selection.without_groups),
            *_repeated("--only", selection.only_groups),
            *_repeated("--extras", selection.extras),
            *_flags(
                {
                    "--all-groups": selection.all_groups,
                    "--all-extras": selection.all_extras,
                    "--no-root": selection.no_root,
                    "--only-root": selection.only_root,
                    "--no-directory": self.no_directory,
                    "--compile": self.compile_bytecode,
                }
            ),
            *([f"--project={self.stand_in}"] if self.stand_in else []),
            *self.manners(),
        )

    def manners(self) -> Iterator[str]:
        """What any of Poetry's commands can be told."""
        return _flags(
            {
                "--no-plugins": self.no_plugins,
                "--no-cache": self.no_cache,
                "--no-interaction": not self.interactive,
                "--no-ansi": not self.ansi,
                f"-{'v' * min(self.verbosity, 3)}": self.verbosity > 0,
            }
        )

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """`VIRTUAL_ENV` names the target; conda's variables would outrank it."""
        env = {**environ, **self.variables}
        if self.environment_path is not None:
            env.pop("CONDA_PREFIX", None)
            env.pop("CONDA_DEFAULT_ENV", None)
            env["VIRTUAL_ENV"] = str(self.environment_path)
        if self.re_resolve is not None:
            env["POETRY_INSTALLER_RE_RESOLVE"] = str(self.re_resolve).lower()
        if not self.builds:
            env["POETRY_INSTALLER_ONLY_BINARY"] = ":all:"
        if self.ignore_envs_file is not None:
            env["POETRY_VIRTUALENVS_PATH"] = str(self.ignore_envs_file)
        return {**env, **(_NO_NETWORK if self.offline else {})}


def _repeated(option: str, values: Sequence[str]) -> Iterator[str]:
    for value in values:
        yield f"{option}={value}"


def _flags(flags: Mapping[str, bool]) -> Iterator[str]:
    return (flag for flag, is_set in flags.items() if is_set)
