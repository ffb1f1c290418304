"""An index that is away, refuses, breaks off, drips, lies or leads in circles."""

from __future__ import annotations

import shutil
from random import Random
from typing import Any

from faults.fault import FETCHING, Fault, Inject
from support.index import Index
from support.sandbox import Result
from support.scene import BIG, POETRYS, Scene
from support.tls import make_authority

FILE, PAGE, METADATA = BIG.filename, "bravo", f"{BIG.filename}.metadata"
_ONCE = {"UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": "2"}


def because(cause: str, what: str = "bravo") -> str:
    """A pattern: of what it goes wrong, and why."""
    return rf"(?s)(?=.*{what})(?=.*(?:{cause}))"


def misbehaving(**faults: Any) -> Inject:
    """An index that does so throughout the run."""

    def inject(scene: Scene, _: Random) -> Result:
        with scene.lab.index.misbehaving(**faults):
            return scene.run(**_ONCE)

    return inject


def cut(scene: Scene, dice: Random) -> Result:
    """Anywhere, the beginning and the last byte included."""
    after = dice.choice((0, 1, len(BIG.content) - 1, dice.randrange(len(BIG.content))))
    return misbehaving(cuts={FILE: after})(scene, dice) or _never()


def reset(scene: Scene, dice: Random) -> Result:
    """As `cut`, by a broken connection."""
    return misbehaving(resets={FILE: dice.randrange(len(BIG.content))})(scene, dice) or _never()


def other_contents(scene: Scene, dice: Random) -> Result:
    """One bit of the file."""
    content = bytearray(BIG.content)
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    return misbehaving(contents={FILE: bytes(content)})(scene, dice) or _never()


def gone(scene: Scene, _: Random) -> Result:
    """Connections are refused."""
    with scene.lab.index.gone():
        return scene.run(**_ONCE)


def untrusted(name: str) -> Inject:
    """The way leads to a server whose certificate nobody here trusts: somebody is in between."""

    def inject(scene: Scene, dice: Random) -> Result:
        with Index(make_authority(scene.lab.folder / "authority").server) as twin:
            twin.sources = scene.lab.index.sources
            return misbehaving(detours={name: twin.address})(scene, dice) or _never()

    return inject


def without_poetrys_cache(scene: Scene) -> None:
    """Poetry keeps an archive that it refuses, and does not fetch another."""
    shutil.rmtree(scene.lab.sandbox.folder("poetry-cache"))


def _never() -> Result:
    raise AssertionError("a run has no result")


_STATUSES = {"a file": FILE, "a page": PAGE, "metadata": METADATA}

_HASH = because(r"[Hh]ash|sha256")
_BROKEN = because(r"end of file|reset|closed|incomplete|cut off|broke")

FAULTS = (
    *(
        Fault(
            f"{status} for {what}",
            misbehaving(statuses={name: status}),
            FETCHING,
            because("404|not found" if status == 404 else str(status)),
            fails=what != "metadata",
        )
        for what, name in _STATUSES.items()
        for status in (401, 403, 404, 429, 500, 503)
    ),
    Fault(
        "a connection that is refused",
        gone,
        FETCHING,
        because(r"[Rr]efused|os error 111", r"127\.0\.0\.1|market"),
        fails=True,
    ),
    Fault("a file that is cut off", cut, FETCHING, _BROKEN, fails=True),
    Fault("a file whose connection breaks", reset, FETCHING, _BROKEN, fails=True),
    Fault(
        "a file that drips",
        misbehaving(drips={FILE: 0.4}),
        FETCHING,
        because(r"timed? ?out"),
        fails=True,
    ),
    Fault(
        "a file with other contents",
        other_contents,
        FETCHING,
        because(r"[Hh]ash|sha256|extract"),  # half of the bits break the archive itself
        fails=True,
    ),
    Fault(
        "another archive of the same contents",
        misbehaving(contents={FILE: BIG.tampered}),
        FETCHING,
        _HASH,
        fails=True,
    ),
    Fault(
        "another hash on the page",
        misbehaving(advertised={FILE: "0" * 64}),
        FETCHING,
        _HASH,
        fails=True,
    ),
    *(
        Fault(
            f"{what} that redirects in circles",
            misbehaving(loops=[name]),
            FETCHING,
            because(cause),
            fails=True,
        )
        # uv gives up on a redirection without a word on it.
        for what, name, cause in (("a page", PAGE, "no version"), ("a file", FILE, "extract"))
    ),
    *(
        Fault(
            f"a certificate that nobody trusts: {what}",
            untrusted(name),
            FETCHING,
            because(r"certificate"),
            fails=True,
        )
        for what, name in (("a page", PAGE), ("a file", FILE))
    ),
    *(
        Fault(
            f"a file of Poetry's: {what}",
            misbehaving(**{fault: {POETRYS.filename: value}}),
            FETCHING,
            because(cause, POETRYS.name),
            fails=True,
            has_poetry_fetch=True,
            mend=without_poetrys_cache,
        )
        for what, fault, value, cause in (
            ("404", "statuses", 404, "404"),
            ("cut off", "cuts", 100, r"end|incomplete|closed|broken|read"),
            ("with other contents", "contents", POETRYS.content + b"\0", r"[Hh]ash"),
        )
    ),
    Fault(
        "a page of nonsense",
        misbehaving(cuts={PAGE: 20}),
        FETCHING,
        because(r"JSON|parse|end of file|closed|incomplete|decod"),
        fails=True,
    ),
)
