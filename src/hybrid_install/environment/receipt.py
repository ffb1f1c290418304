"""The receipt on disk: withdrawn before anything is changed, written when all is done.

At no moment does it claim what is not there. What an unfinished run knows is kept beside it under
another name, for the next run alone: its entries count only where the contents still fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hybrid_install.core.distribution import Installed
from hybrid_install.core.model import NormalizedName
from hybrid_install.core.receipt import Receipt, from_json, to_json
from hybrid_install.core.verification import Expected, disproved
from hybrid_install.environment.records import ends_with_a_block, look
from hybrid_install.errors import InvalidDataError
from hybrid_install.regular import read_bytes
from hybrid_install.whole import write_whole

_NAME = "hybrid-install.json"
_UNFINISHED = "hybrid-install.unfinished.json"


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """Where the receipt of one environment is."""

    folder: Path

    @classmethod
    def of(cls, prefix: Path, *, is_virtual: bool) -> ReceiptFile:
        """In a virtual environment beside its pyvenv.cfg, and so removed with it.

        An interpreter of the system's has a top level that belongs to others: there it is below
        `share`, where data of no folder's own is kept and neither Python nor pip looks.
        """
        return cls(prefix if is_virtual else prefix / "share" / "hybrid-install")

    @property
    def path(self) -> Path:
        """The receipt itself."""
        return self.folder / _NAME

    @property
    def unfinished(self) -> Path:
        """What a run that did not end well knew."""
        return self.folder / _UNFINISHED

    @property
    def is_finished(self) -> bool:
        """Whether the last run has ended well, and nothing was begun since."""
        return self.path.exists()

    def read(self) -> Receipt | None:
        """The receipt, None where there is none.

        `InvalidDataError` for a file that is unreadable, foreign or of a newer hybrid-install.
        """
        return _read(self.path)

    def read_earlier(self) -> Receipt | None:
        """The receipt, or what the last unfinished run has left; unreadable is as good as none."""
        for path in (self.path, self.unfinished):
            try:
                if found := _read(path):
                    return found
            except InvalidDataError:
                continue
        return None

    def disproves(
        self, expected: Iterable[Expected], installed: Installed
    ) -> Mapping[NormalizedName, str]:
        """Which installed packages cannot be what is locked, as far as we have kept account; why.

        Of an unfinished run only those entries count that still fit: it has changed what it likes.
        """
        receipt, found = self.read_earlier(), {}
        for each in expected if receipt else ():
            name = each.package.name
            received, there = receipt and receipt.of(name), installed.get(name)
            if not (received and there):
                continue
            seen = look(there)
            if self.is_finished or received.fits(seen.version, seen.contents):
                found[name] = disproved(each, seen, received)
        return {name: finding.detail for name, finding in found.items() if finding}

    def doubts(self, installed: Installed) -> Mapping[NormalizedName, str]:
        """Which installed packages may lack a part of their RECORD, after a run that was cut off.

        Nothing tells a RECORD that ends between two blocks and between two lines from a whole one;
        one in some thousand is as long by chance.
        """
        if not self.unfinished.exists():
            return {}
        reason = "an earlier run may have been cut off as it recorded its files"
        return {name: reason for name, each in installed.items() if ends_with_a_block(each)}

    def withdraw(self) -> None:
        """Before anything is changed: from now on the receipt claims nothing.

        A note stays, empty where nothing was known: what the next run finds may be half done. An
        `OSError` ends the run: an environment that cannot be changed is no target.
        """
        try:
            self.path.replace(self.unfinished)
        except FileNotFoundError:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.unfinished.touch()

    def note(self, receipt: Receipt) -> None:
        """What is known while the run goes on."""
        _write_whole(self.unfinished, to_json(receipt))

    def write(self, receipt: Receipt) -> None:
        """At the very end of a good run; one that changed nothing puts the same file back."""
        text = to_json(receipt)
        if _has_text(self.unfinished, text):
            self.unfinished.replace(self.path)
        elif not _has_text(self.path, text):
            _write_whole(self.path, text)
        self.unfinished.unlink(missing_ok=True)


def _read(path: Path) -> Receipt | None:
    try:
        return from_json(read_bytes(path).decode("utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidDataError(f"cannot be read ({error.strerror})", "", file=str(path)) from None
    except UnicodeDecodeError as error:
        raise InvalidDataError(f"is not UTF-8 ({error})", "", file=str(path)) from None
    except InvalidDataError as error:
        raise error.in_file(str(path)) from None


def _has_text(path: Path, text: str) -> bool:
    try:
        return read_bytes(path) == text.encode()
    except OSError:
        return False


def _write_whole(path: Path, text: str) -> None:
    """Whole or not there. What a power failure leaves of a receipt is not JSON, and so none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # What is installed is no secret, and others verify it too.
    write_whole(path, text.encode("utf-8"), 0o644, begun=f".{path.name}.")
