"""Poetry's `repositories` and sources, as its authenticator looks them up by url."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hybrid_install.core.project import Project
from hybrid_install.poetry_config import PoetryConfig

if TYPE_CHECKING:
    from hybrid_install.tools.keyring import KeyringQuery


def is_http(url: str) -> bool:
    """Whether credentials can be for it, by Poetry's account."""
    return urlsplit(url).scheme in {"http", "https"}


def urls_with_credentials(config: PoetryConfig, project: Project) -> frozenset[str]:
    """`Authenticator.get_credentials_for_git_url`: only the very url of a source counts."""
    indexes = project.indexes
    urls = {index.name: index.url or "" for index in indexes} | dict(config.repositories)
    return frozenset(url for name, url in urls.items() if url and config.credentials(name))


def hosts_of_repositories(config: PoetryConfig, project: Project) -> frozenset[str]:
    """`Authenticator.get_credentials_for_url`: any repository's host counts."""
    names = {index.name for index in project.indexes}
    repositories = config.repositories.items()
    return frozenset(urlsplit(url).netloc for name, url in repositories if name not in names)


def query_of_git(url: str, config: PoetryConfig, project: Project) -> KeyringQuery:
    """`Authenticator.get_credentials_for_git_url`: of the very url, be it a source's or not."""
    from hybrid_install.tools.keyring import KeyringQuery, of_url

    indexes = project.indexes
    urls = {index.name: index.url or "" for index in indexes} | dict(config.repositories)
    name = next((name for name, each in urls.items() if each == url), None)
    if name is None:
        return of_url(url)
    known = config.credentials(name)
    places, username = (url, urlsplit(url).netloc), known.username if known else ""
    return KeyringQuery(name, username, places, asks_by_name=not config.has_password(name))
