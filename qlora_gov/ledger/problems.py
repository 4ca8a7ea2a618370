"""What verification finds, and of which kind it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from qlora_gov.errors import NewerLedgerError
from qlora_gov.records import Component


class ProblemKind(StrEnum):
    """Whether evidence was touched, is gone, or cannot be re-derived by the code at hand."""

    TAMPERED = "tampered"
    MISSING = "missing"
    NEWER = "written by a newer version"
    SOURCE_CHANGED = "source changed"
    PLUGIN_MISSING = "plugin missing"
    PLUGIN_FAILED = "plugin failed"
    SCORED_OTHERWISE = "scores otherwise"
    ELSEWHERE = "not checked here"


@dataclass(frozen=True)
class Problem:
    """One thing that does not re-derive: its kind, the place in the ledger or among the files, and what is wrong.

    A ``harmless`` one is news only: other code is installed than then, and what was stated comes out all the same; or
    files lie on another machine that shares the ledger.
    """

    kind: ProblemKind
    where: str
    what: str
    harmless: bool = False

    @classmethod
    def source_changed(cls, where: str, component: Component, did: str, what: str, difference: str | None) -> Problem:
        """Of other code than what ``did`` it: ``what`` has this difference now, or still re-derives with None."""
        now = "still re-derives" if difference is None else f"no longer re-derives{difference and ': '}{difference}"
        since = f"the plugin's source changed since {component.name} {component.version} {did} this"
        return cls(ProblemKind.SOURCE_CHANGED, where, f"{since}; the {what} {now}", harmless=difference is None)

    @classmethod
    def underived(cls, kind: ProblemKind, where: str, what: str, error: Exception) -> Problem:
        """What an error kept from being derived again: of this kind, unless a later version wrote what it rests on."""
        return cls(ProblemKind.NEWER if isinstance(error, NewerLedgerError) else kind, where, f"{what}: {error}")

    def __str__(self) -> str:
        return f"{self.where}: {self.what} [{self.kind}]"
