"""What verification finds, and of which kind it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ProblemKind(StrEnum):
    """Whether evidence was touched, is gone, or cannot be re-derived by the code at hand."""

    TAMPERED = "tampered"
    MISSING = "missing"
    SOURCE_CHANGED = "source changed"
    PLUGIN_MISSING = "plugin missing"
    PLUGIN_FAILED = "plugin failed"


@dataclass(frozen=True)
class Problem:
    """One thing that does not re-derive: its kind, the place in the ledger or among the files, and what is wrong.

    A ``harmless`` one is news only: other code is installed than then, and what was stated comes out all the same.
    """

    kind: ProblemKind
    where: str
    what: str
    harmless: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what} [{self.kind}]"
