"""The receipt of a run: read before it, withdrawn where it changes anything, written at its end."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from hybrid_install import __version__
from hybrid_install.commands.binding import binding
from hybrid_install.commands.prepare import Preparation
from hybrid_install.core.deferral import Handover
from hybrid_install.core.model import LockedFile, NormalizedName
from hybrid_install.core.plan import index_of
from hybrid_install.core.receipt import Receipt, account, provision
from hybrid_install.environment.receipt import ReceiptFile
from hybrid_install.environment.records import look
from hybrid_install.errors import InvalidDataError
from hybrid_install.regular import read_bytes
from hybrid_install.report import Report


def receipt_file(preparation: Preparation) -> ReceiptFile:
    """Where the receipt of the target is, or will be."""
    target = preparation.target
    return ReceiptFile.of(target.path, is_virtual=target.is_virtual)


def read_receipt(preparation: Preparation, report: Report) -> Receipt | None:
    """The environment's receipt; one that cannot be read is a detail, never an error."""
    try:
        return receipt_file(preparation).read()
    except InvalidDataError as error:
        report.detail(f"the receipt is ignored: {error}")
        return None


_UNWRITABLE = (Handover.READ_ONLY_INTERPRETER, Handover.UNKNOWN_INTERPRETER)


@dataclass(frozen=True)
class Bookkeeping:
    """The receipt while a run goes on; `earlier` is what the last run knew.

    With `keeps_others` the run is about a part of the environment: of the rest, what was known and
    still fits is kept. `is_going_on` is whether the last run that changed anything was cut off.
    """

    preparation: Preparation
    report: Report
    uv_version: str
    earlier: Receipt | None
    keeps_others: bool = False
    is_going_on: bool = False

    @classmethod
    def begin(
        cls,
        preparation: Preparation,
        report: Report,
        uv_version: str,
        *,
        keeps_others: bool = False,
    ) -> Bookkeeping:
        """Look at what the last run has left; nothing is changed yet."""
        file = receipt_file(preparation)
        earlier, is_going_on = file.read_earlier(), file.unfinished.exists()
        return cls(preparation, report, uv_version, earlier, keeps_others, is_going_on)

    def withdraw(self) -> None:
        """Before anything is changed; more than once is as good as once."""
        if self._are_kept:
            receipt_file(self.preparation).withdraw()

    @property
    def _are_kept(self) -> bool:
        """Where Poetry cannot write to its interpreter, neither can we."""
        return self.preparation.plan.handover not in _UNWRITABLE

    def note(self, told: Mapping[NormalizedName, tuple[LockedFile, ...]]) -> None:
        """After uv: should Poetry fail, the next run still knows what uv was told."""
        if told:
            self._put(self._receipt(told, None, None), is_last=False)

    def close(
        self, told: Mapping[NormalizedName, tuple[LockedFile, ...]], poetry: str | None
    ) -> None:
        """The run was good. `poetry` is the version that finished it, None where none had to."""
        if self.preparation.target.exists and self._are_kept:
            self._put(self._receipt(told, poetry, binding(self.preparation)), is_last=True)

    @property
    def is_bound(self) -> bool:
        """Whether the project is bound as the last Poetry has left it, and from the same inputs."""
        earlier = self.earlier.binding if self.earlier else None
        return earlier is not None and earlier == binding(self.preparation)

    def _put(self, receipt: Receipt, *, is_last: bool) -> None:
        file = receipt_file(self.preparation)
        try:
            if is_last:
                file.write(receipt)
            else:
                file.note(receipt)
        except OSError as error:
            self.report.warn(f"the receipt {file.path} could not be written: {error.strerror}")

    def _receipt(
        self,
        told: Mapping[NormalizedName, tuple[LockedFile, ...]],
        poetry: str | None,
        bound: str | None,
    ) -> Receipt:
        inputs = self.preparation.inputs
        provided, installed = self.preparation.provided, self.preparation.installed()
        every = self.preparation.selected_of_all_tiers
        selected = [each for each in every if each.name not in provided]
        others = self.earlier.packages if self.earlier and self.keeps_others else ()
        names = {package.name for package in selected} | {other.name for other in others}
        found = {name: look(each) for name, each in installed.items() if name in names}
        return Receipt(
            hybrid_install=__version__,
            uv=self.uv_version,
            poetry=poetry,
            project=inputs.project.name,
            content_hash=inputs.lock.content_hash,
            lock_sha256=_sha256_of_lock(self.preparation),
            groups=tuple(sorted(inputs.wanted.groups)),
            extras=tuple(sorted(inputs.wanted.extras)),
            python=self.preparation.target.interpreter.full_version,
            packages=account(
                [(package, index_of(package, inputs.project)) for package in selected],
                found,
                told,
                self.earlier,
                others,
            ),
            provided=provision(
                every,
                provided,
                {name: each.version for name, each in installed.items()},
            ),
            editable=not self.preparation.no_editable,
            binding=bound,
        )


def _sha256_of_lock(preparation: Preparation) -> str:
    inputs = preparation.inputs
    content = inputs.contents.get(inputs.lock_file) or read_bytes(inputs.lock_file)
    return hashlib.sha256(content).hexdigest()
