"""Which rows one dataset version has and another has not, by what they are and where they came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pydantic import Field

from qlora_gov.records import Frozen
from qlora_gov.records.table import Table


class RowCount(Frozen):
    """Rows of one provenance from one place."""

    provenance: str = Field(description="human, synthetic, historical, or not stated")
    source: str = Field(description="the file, by its path from the project, or another source")
    rows: int = Field(description="how many")


class RowChanges(Frozen):
    """Rows of two versions against each other. A row that was changed is one whose line says something else now."""

    added: tuple[RowCount, ...] = Field(description="only in the later version")
    removed: tuple[RowCount, ...] = Field(description="only in the earlier one")
    changed: tuple[RowCount, ...] = Field(description="in both by their file and line, with another text")
    kept: int = Field(description="rows that both have")


class _Row(NamedTuple):
    provenance: str
    source: str


def row_changes(before: Table, after: Table) -> RowChanges:
    """The changes from one version's table ``origins`` to another's.

    Rows are the same where their conversations are, wherever they stand: a line more at the top of a file changes none.
    """
    old, new = Counter(before["example"]), Counter(after["example"])
    gone, come = _left(before, old - new), _left(after, new - old)
    lines = {row.source for row in gone} & {row.source for row in come}
    return RowChanges(
        added=_counted(row for row in come if row.source not in lines),
        removed=_counted(row for row in gone if row.source not in lines),
        changed=_counted(row for row in come if row.source in lines),
        kept=(old & new).total(),
    )


def _left(table: Table, more: Counter[object]) -> list[_Row]:
    """The rows with ids of which a version has more than the other; of several with one id, the last ones."""
    found = []
    labels: Sequence[tuple[object, object, object]] = list(
        zip(table["example"], table["provenance"], table["source"], strict=True)
    )
    for id_, provenance, source in reversed(labels):
        if more[id_] > 0:
            more[id_] -= 1
            found.append(_Row(str(provenance or "not stated"), str(source)))
    return found


def _counted(rows: Iterable[_Row]) -> tuple[RowCount, ...]:
    counts = Counter((row.provenance, row.source.rpartition(":")[0] or row.source) for row in rows)
    return tuple(
        RowCount(provenance=provenance, source=source, rows=count)
        for (provenance, source), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
