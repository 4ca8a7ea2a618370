"""A stage ready to run: what determines its record, how the record is made, and how it is found again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from qlora_gov.canonical import content_id
from qlora_gov.ledger import Entry, Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.records import Record
from qlora_gov.records.table import Table

R = TypeVar("R", bound=Record)


Made = tuple[R, Mapping[str, Table]]


@dataclass(frozen=True)
class Step(Generic[R]):
    """A stage ready to run.

    ``parts`` is all that determines the record, of kind ``of``; ``parts_of`` is what such a record itself says of them.
    ``make`` is given a directory that survives a kill and is removed once the record is in the ledger; ``usable`` says
    whether the artefacts of a record found there are at hand. ``counts`` are the kinds that the record counts before
    it, so that none of them may come between. Whoever changes what a step makes of the same parts raises ``revision``,
    and says in ``released`` what its first release would have said of the parts where what that made still stands.
    """

    name: str
    of: type[R]
    parts: Mapping[str, Any]
    parts_of: Callable[[R], Mapping[str, Any]]
    make: Callable[[Path], Made[R]]
    usable: Callable[[R], bool] = lambda record: True
    counts: tuple[str, ...] = ()
    revision: int = 1
    released: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        """The digest of what determines the record."""
        return content_id({"stage": self.name, "revision": self.revision, **self.parts})

    def find(self, ledger: Ledger) -> Entry | None:
        """The newest entry of what the step makes.

        The first revision of each step was released with keys that held versions, so that what it made then is found
        by what the record says.
        """
        found = ledger.find(self.key)
        parts = self.parts if self.revision == 1 else self.released
        if found is not None or parts is None:
            return found
        entries = reversed(ledger.entries(self.of.kind))
        return next((entry for entry in entries if self.parts_of(held(entry, self.of)) == parts), None)


def stating(record: R) -> Step[R]:
    """A record that is all there is to it: nothing has to be made."""

    def parts_of(other: R) -> dict[str, str]:
        return {"record": other.content_digest}

    return Step(record.kind, type(record), parts_of(record), parts_of, lambda work: (record, {}))
