"""The folders and variables of this machine that bear on an install, as `doctor` sees them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from hybrid_install.commands.case import Case, known
from hybrid_install.core.diagnosis import Finding, error, note, warning
from hybrid_install.core.space import Volume
from hybrid_install.core.surroundings import link_finding, variable_findings, volume_finding
from hybrid_install.environment.cache import cache_dir
from hybrid_install.environment.volumes import is_writable_place, volume_of
from hybrid_install.tools.uv import heeds
from hybrid_install.tools.uv_cache import uv_cache_dir

_BUNDLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def disks(case: Case) -> Iterator[Finding]:
    """Room in the folders that a run fills, and whether files can be linked between them."""
    environ, target = case.request.environ, known(lambda: case.target)
    cache = uv_cache_dir(environ)
    seen = {}
    places = {"uv's cache": cache, "our cache": cache_dir(environ), "TMPDIR": _temporary(environ)}
    if config := known(lambda: case.config):
        places["Poetry's cache"] = config.cache_path
    if target is not None:
        places["the environment"] = target.path
    for subject, place in places.items():
        volume = seen[subject] = volume_of(place)
        yield _volume(subject, place, volume)
    theirs, own = seen["uv's cache"], seen.get("the environment")
    if theirs and own:
        yield link_finding(theirs, own, environ.get("UV_LINK_MODE"))


def _temporary(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("TMPDIR") or tempfile.gettempdir())


def _volume(subject: str, place: Path, volume: Volume | None) -> Finding:
    if volume is None:
        return note(subject, f"{place}: its room cannot be told")
    if subject == "TMPDIR" and not place.is_dir():
        return warning(subject, f"{place} is not there", "make it, or name another folder")
    is_cache, can_write = subject == "uv's cache", is_writable_place(place)
    if is_cache and not can_write:
        hint = "change its permissions, or name another folder with UV_CACHE_DIR"
        return error(subject, f"{place} cannot be written to", hint)
    return volume_finding(subject, volume, is_writable=can_write)


def variables(case: Case) -> Iterator[Finding]:
    """What is set and heeded, or set and not."""
    environ = case.request.environ
    names = {name for name, value in environ.items() if value}
    project, config = known(lambda: case.project), known(lambda: case.config)
    sources = [index.name for index in project.indexes] if project else []
    sources += [*config.repositories] if config else []
    yield from variable_findings(names, heeds, sources)
    for name in _BUNDLES:
        if environ.get(name) and not Path(environ[name]).exists():
            text = f"{environ[name]} is not there: no server is trusted"
            yield error(name, text, "name a file of authorities that is there, or unset it")
