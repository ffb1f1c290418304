"""Whether the project's sources answer, as `doctor` asks them: each one once, for one page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from hybrid_install.commands.access import credentials_of, mirror_of
from hybrid_install.commands.case import Case, known
from hybrid_install.core.credentials import Credentials, split_userinfo
from hybrid_install.core.diagnosis import Finding, note, warning
from hybrid_install.core.model import Index
from hybrid_install.core.plan import index_of
from hybrid_install.core.project import is_single_page
from hybrid_install.core.reach import DEFAULT_SUBJECT, Asked, Known, judged, shown_url
from hybrid_install.core.uv_config import IndexAccess, NamedIndex, Trust
from hybrid_install.environment.trust import trust_of
from hybrid_install.errors import ProjectError, ToolError
from hybrid_install.tools.fetch import Fetcher, NamedPage
from hybrid_install.tools.keyring import KeyringQuery
from hybrid_install.whole import temporary_folder


def sources(case: Case, seconds: float) -> Iterator[Finding]:
    """Ask all of them at once, with the credentials and certificates that a run would use."""
    if not case.is_readable:
        yield note("", "not asked: the project, or Poetry's settings, cannot be read")
        return
    if case.is_offline:
        yield note("", "not asked: UV_OFFLINE is set, and no server is asked by a run either")
        return
    urls, trust = _urls(case), Trust()
    try:
        trust = _trust(case, case.project.indexes)
    except ProjectError as problem:
        yield Finding.of_error("certificates", problem)
        trust = known(lambda: _trust(case, ())) or trust
    try:
        access = _access(case, urls, trust, case.ask_keyring)
    except ToolError as problem:
        yield Finding.of_error("keyring", problem)
        access = _access(case, urls, trust, lambda queries: [None] * len(queries))
    yield from _answers(case, access, seconds)
    yield from _unseen(case, access)


def _urls(case: Case) -> Mapping[Index, str]:
    """Where each index is; the default one is left out where there is no uv to tell."""
    mirror = _mirror(case)
    found = {
        index: index.url or mirror or known(lambda: _default_url(case))
        for index in case.project.indexes
    }
    return {index: url for index, url in found.items() if url}


def _access(
    case: Case,
    urls: Mapping[Index, str],
    trust: Trust,
    ask_keyring: Callable[[Sequence[KeyringQuery]], Sequence[Credentials | None]],
) -> IndexAccess:
    """The ways to reach the indexes; what a url itself says comes first."""
    split = {index: split_userinfo(url) for index, url in urls.items()}
    named = {
        index: NamedIndex(f"hi{number}", url, is_single_page(index))
        for number, (index, (url, _)) in enumerate(split.items())
    }
    in_urls = {index: found for index, (_, found) in split.items() if found}
    found = {**credentials_of(named, case.config, ask_keyring), **in_urls}
    return IndexAccess(named, {named[index].name: each for index, each in found.items()}, trust)


def _answers(case: Case, access: IndexAccess, seconds: float) -> Iterator[Finding]:
    """A finding for each index that could be asked."""
    limits = {"UV_HTTP_TIMEOUT": str(seconds), "UV_HTTP_CONNECT_TIMEOUT": str(seconds)}
    fetcher = Fetcher(access, {**case.request.environ, **limits})
    pages, mirror = _pages(case), _mirror(case)
    page_of = pages or {}
    places = [_page(each, page_of.get(index, "")) for index, each in access.named.items()]
    answers = fetcher.answers(places, seconds)
    for (index, named), answer in zip(access.named.items(), answers, strict=True):
        asked = Asked(
            index,
            shown_url(index, mirror),
            page_of.get(index, ""),
            pages is None or index in pages,
            _known(access.credentials.get(named.name)),
            answer,
        )
        yield judged(asked, seconds)


def _unseen(case: Case, access: IndexAccess) -> Iterator[Finding]:
    """What the answers do not show."""
    for index in case.project.indexes:
        if index not in access.named:
            yield note(DEFAULT_SUBJECT, "not asked: only uv knows where it is")
        elif access.named[index].name in access.credentials and _is_plain(access.named[index].url):
            text = "credentials go over plain http, for anybody on the way to read"
            yield warning(index.name, text, "use https in the source's url")


def _is_plain(url: str) -> bool:
    """Whether the url is http, and not on this very machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}


def _page(named: NamedIndex, page: str) -> NamedPage:
    """What uv would ask first; all of a single page, the root where no package is locked."""
    folder = f"{named.url.rstrip('/')}/{page}{'/' if page else ''}"
    return NamedPage(named.name, named.url if named.is_page else folder)


def _known(credentials: Credentials | None) -> Known:
    if credentials is None:
        return Known.NOTHING
    return Known.ALL if credentials.password else Known.NAME


def _pages(case: Case) -> dict[Index, str] | None:
    """Of each index that the lock takes something from one name; None where there is no lock."""
    lock = known(lambda: case.lock)
    if lock is None:
        return None
    found: dict[Index, str] = {}
    for package in lock.packages:
        index = known(lambda each=package: index_of(each, case.project))  # type: ignore[misc]
        if index is not None:
            found.setdefault(index, package.name)
    return found


def _mirror(case: Case) -> str | None:
    if case.request.no_plugins:
        return None
    return mirror_of(case.config, case.project, known(lambda: case.poetry))


def _default_url(case: Case) -> str:
    """Asked of uv with a cache of its own for a moment: it would make its own otherwise."""
    uv, environ = case.uv, case.request.environ
    with temporary_folder() as folder:
        return replace(uv, environ={**environ, "UV_CACHE_DIR": str(folder)}).default_index_url()


def _trust(case: Case, used: Collection[Index]) -> Trust:
    """Whom a run trusts; `ProjectError` where a certificate of those `used` cannot be read."""
    place, environ = case.request.working_dir, case.request.environ
    return trust_of(case.project.indexes, used, case.config, place, environ)
