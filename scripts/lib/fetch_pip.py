"""fetch_pip.py INDEX FOLDER: the newest pip of an index, for a Python that came without one.

Prints the path of the wheel. Asks for the simple API's JSON (PEP 691) and understands its HTML
(PEP 503); what is downloaded has the hash that the index states. Standard library alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import ssl
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import Request, urlopen

_WHEEL = re.compile(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl")
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"

# A name, a url, the sha256 if it is stated, and what is required of the interpreter.
_File = tuple[str, str, str | None, str]


def main(index: str, folder: str) -> None:
    """Download, compare, print."""
    page = f"{index.rstrip('/')}/pip/"
    try:
        _, url, digest, _ = max(_wheels(page), key=lambda file: _version(file[0]))
        content, _ = _get(url, page)
    except URLError as error:
        sys.exit(f"error: {_without_account(page)}: {error}")
    except ValueError:
        sys.exit(f"error: {_without_account(page)} offers no wheel of pip")
    if digest is None or hashlib.sha256(content).hexdigest() != digest:
        sys.exit(f"error: {_without_account(url)} has not the sha256 that the index states")
    wheel = Path(folder) / Path(unquote(urlsplit(url).path)).name
    wheel.write_bytes(content)
    print(wheel)


def _wheels(page: str) -> Iterator[_File]:
    """The wheels of releases that this interpreter may use."""
    content, kind = _get(page, page)
    files = _from_json(content, page) if "json" in kind else _from_html(content, page)
    return (file for file in files if _WHEEL.fullmatch(file[0]) and _allows(file[3]))


def _from_json(content: bytes, page: str) -> Iterator[_File]:
    for file in json.loads(content)["files"]:
        if not file.get("yanked"):
            url = urljoin(page, file["url"])
            required = file.get("requires-python") or ""
            yield file["filename"], url, file["hashes"].get("sha256"), required


def _from_html(content: bytes, page: str) -> Iterator[_File]:
    links = _Links()
    links.feed(content.decode())
    for link in links.found:
        url, _, fragment = urljoin(page, link.get("href") or "").partition("#")
        name = unquote(urlsplit(url).path).rpartition("/")[2]
        digest = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
        if "data-yanked" not in link:
            yield name, url, digest, link.get("data-requires-python") or ""


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs))


def _version(name: str) -> tuple[int, ...]:
    match = _WHEEL.fullmatch(name)
    return tuple(map(int, match[1].split("."))) if match else ()


def _allows(required: str) -> bool:
    """Of all that may be required, pip only ever has a lower bound."""
    bound = re.match(r">=\s*3\.(\d+)", required)
    return bound is None or sys.version_info >= (3, int(bound[1]))


def _get(url: str, page: str) -> tuple[bytes, str]:
    """The contents and their type; the index's own host is told the account in its url."""
    request = Request(_without_account(url), headers={"Accept": _ACCEPT})  # noqa: S310
    account = urlsplit(page)
    if account.username and urlsplit(url).hostname == account.hostname:
        pair = f"{unquote(account.username)}:{unquote(account.password or '')}"
        request.add_header("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
    authorities = os.environ.get("PIP_CERT") or None
    context = ssl.create_default_context(cafile=authorities)
    with urlopen(request, timeout=60, context=context) as answer:  # noqa: S310
        return answer.read(), answer.headers.get("Content-Type", "")


def _without_account(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


if __name__ == "__main__":
    main(*sys.argv[1:])
