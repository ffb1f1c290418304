"""How the project's indexes are reached: urls, credentials, certificates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from urllib.parse import urldefrag, urlsplit

from hybrid_install.commands.prepare import Preparation
from hybrid_install.commands.repositories import is_http
from hybrid_install.core.credentials import Credentials, split_userinfo
from hybrid_install.core.model import Index, Priority, UrlSource
from hybrid_install.core.project import Project, is_single_page
from hybrid_install.core.uv_config import IndexAccess, NamedIndex
from hybrid_install.environment.trust import trust_of
from hybrid_install.poetry_config import PoetryConfig
from hybrid_install.tools.keyring import KeyringQuery, of_url
from hybrid_install.tools.poetry import MIRROR_PLUGIN, Poetry
from hybrid_install.tools.uv import Uv


def index_access(
    preparation: Preparation, uv: Uv, used: Collection[Index] | None = None
) -> IndexAccess:
    """Every index of the project under a name of our own, with the ways to reach it.

    `used` are those that will be asked, by default for what the plan installs in bulk. A url of a
    package for which only the keyring has credentials stands among them: an index that is searched
    for nothing is how uv is given credentials.
    """
    named: dict[Index, NamedIndex] = {}
    in_urls: dict[Index, Credentials] = {}
    mirror, interpreter = mirror_url(preparation), preparation.target.interpreter
    python = None if interpreter.is_presumed else interpreter.executable
    for number, index in enumerate(preparation.inputs.project.indexes):
        is_mirror = index.is_default and mirror is not None
        whole = index.url or mirror or uv.default_index_url(python)
        url, in_url = split_userinfo(whole)
        named[index] = NamedIndex(f"hi{number}", url, is_single_page(index), is_mirror)
        if in_url:
            in_urls[index] = in_url
    known = credentials_of(named, preparation.inputs.config, preparation.ask_keyring)
    credentials = {**known, **in_urls}
    hosts = {urlsplit(each.url).netloc for each in named.values()}
    for number, (url, found) in enumerate(_credentials_of_urls(preparation, hosts).items()):
        place = Index("", url, Priority.EXPLICIT)
        named[place], credentials[place] = NamedIndex(f"hiurl{number}", url), found
    return IndexAccess(
        named,
        {named[index].name: found for index, found in credentials.items()},
        trust_of(
            preparation.inputs.project.indexes,
            {each.index for each in preparation.plan.bulk if each.index} if used is None else used,
            preparation.inputs.config,
            preparation.request.working_dir,
            preparation.request.environ,
        ),
        preparation.inputs.config.build_settings_for(
            each.name
            for each in (preparation.plan.bulk if used is None else ())
            if not each.files or not all(file.is_wheel for file in each.files)
        ),
    )


def asking_default_index(preparation: Preparation, uv: Uv) -> Uv:
    """`uv`, which is asked for its default index while other things are done, if that matters."""
    is_used = preparation.plan.bulk and not mirror_url(preparation)
    if not (is_used and any(not index.url for index in preparation.inputs.project.indexes)):
        return uv
    interpreter = preparation.target.interpreter
    return uv if interpreter.is_presumed else uv.asking_default_index(interpreter.executable)


def mirror_url(preparation: Preparation) -> str | None:
    """What poetry-plugin-pypi-mirror puts in the default index's place, where it is active."""
    if preparation.request.no_plugins or preparation.inputs.config.mirror_url is None:
        return None
    inputs = preparation.inputs
    return mirror_of(inputs.config, inputs.project, preparation.poetry)


def mirror_of(config: PoetryConfig, project: Project, poetry: Poetry | None) -> str | None:
    """The mirror that the settings name, where Poetry has the plugin or the project wants it."""
    url = config.mirror_url
    is_there = poetry is not None and poetry.has_plugin(MIRROR_PLUGIN)
    is_active = is_there or MIRROR_PLUGIN in project.required_plugins
    return url.rstrip("/") if url and is_active else None


def credentials_of(
    named: Mapping[Index, NamedIndex],
    config: PoetryConfig,
    ask_keyring: Callable[[Sequence[KeyringQuery]], Sequence[Credentials | None]],
) -> dict[Index, Credentials]:
    """Poetry's own settings, then the keyring for whoever has no password there."""
    found = {index: each for index in named if (each := config.credentials(index.name))}
    lacking = [
        index
        for index in named
        if not index.is_default and not (index in found and found[index].password)
    ]
    if not lacking:
        return found
    queries = [
        KeyringQuery(
            index.name,
            found[index].username if index in found else "",
            (named[index].url, urlsplit(named[index].url).netloc),
            asks_by_name=not config.has_password(index.name),
        )
        for index in lacking
    ]
    answers = ask_keyring(queries)
    asked = {index: each for index, each in zip(lacking, answers, strict=True) if each}
    return found | asked


def _credentials_of_urls(
    preparation: Preparation, hosts: Collection[str]
) -> Mapping[str, Credentials]:
    """`Authenticator.get_credentials_for_url`, where the url is of no source's host."""
    sources = [each.package.source for each in preparation.plan.bulk if each.package]
    urls = [urldefrag(each.url).url for each in sources if isinstance(each, UrlSource)]
    foreign = [
        url for url in dict.fromkeys(urls) if urlsplit(url).netloc not in hosts and is_http(url)
    ]
    answers = preparation.ask_keyring([of_url(url) for url in foreign])
    return {url: each for url, each in zip(foreign, answers, strict=True) if each}
