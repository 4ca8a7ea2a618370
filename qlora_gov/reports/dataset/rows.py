"""Which rows one dataset version has and another has not, by what they are and where they came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
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
    """Rows of two versions against each other. A row that was changed is one that stands where another one stood."""

    added: tuple[RowCount, ...] = Field(description="only in the later version")
    removed: tuple[RowCount, ...] = Field(description="only in the earlier one")
    changed: tuple[RowCount, ...] = Field(description="in both by their place in a file, with another text")
    kept: int = Field(description="rows that both have")


class RowChange(NamedTuple):
    """A row that is not the same in two versions."""

    did: str
    """``added``, ``removed`` or ``changed``; of a row that was changed, as the later version has it."""
    id: str
    provenance: str
    file: str
    line: int
    """Where it stands in the file, from 1; 0 where it stands in none."""
    was: tuple[str, int] | None = None
    """Of a row that was changed, the id and line of the one that stood there."""


class _Row(NamedTuple):
    id: str
    provenance: str
    file: str
    line: int
    behind: str  # the id of the last row before it in the file that both versions have


def row_changes(before: Table, after: Table) -> RowChanges:
    """The changes from one version's table ``origins`` to another's, counted."""
    rows = changed_rows(before, after)
    added, removed, changed = (_counted(rows, did) for did in ("added", "removed", "changed"))
    old, new = (Counter(map(str, table["example"])) for table in (before, after))
    return RowChanges(added=added, removed=removed, changed=changed, kept=(old & new).total())


def changed_rows(before: Table, after: Table) -> list[RowChange]:
    """The rows that are not the same in two versions' tables ``origins``, by file and line.

    Rows are the same where their conversations are, wherever they stand. What is only in one version stands where
    something of the other stood if it follows on the same row of the same file: lines that come or go elsewhere make no
    difference.
    """
    old, new = (Counter(map(str, table["example"])) for table in (before, after))
    gone, come = list(_alone(before, old - new)), list(_alone(after, new - old))
    added, instead = _parted(come, gone)
    removed, earlier = _parted(gone, come)
    found = {"added": added, "removed": removed}
    told = [RowChange(did, *row[:4]) for did, rows in found.items() for row in rows]
    pairs = zip(*(sorted(rows, key=lambda row: (row.file, row.behind)) for rows in (instead, earlier)), strict=True)
    told += [RowChange("changed", *row[:4])._replace(was=(other.id, other.line)) for row, other in pairs]
    return sorted(told, key=lambda row: (row.did, row.file, row.line))


def _alone(table: Table, more: Counter[str]) -> Iterator[_Row]:
    """The rows with ids of which a version has more than the other; of several with one id, the last ones."""
    rows = sorted(
        (*place_of(str(source)), str(id_), str(provenance or "not stated"))
        for id_, provenance, source in zip(table["example"], table["provenance"], table["source"], strict=True)
    )
    both = Counter(id_ for _, _, id_, _ in rows)
    both.subtract(more)  # of an id, so many are in both
    last, behind = "", ""
    for file, line, id_, provenance in rows:
        if file != last:
            last, behind = file, ""
        if both[id_] > 0:
            both[id_] -= 1
            behind = id_
        else:
            yield _Row(id_, provenance, file, line, behind)


def place_of(source: str) -> tuple[str, int]:
    """The file and line of an address; another address is a file by itself."""
    file, _, line = source.rpartition(":")
    return (file, int(line)) if file and line.isdecimal() else (source, 0)


def _parted(rows: Iterable[_Row], others: Iterable[_Row]) -> tuple[list[_Row], list[_Row]]:
    """The rows that stand where none of the others does, and those that stand where one of them does."""
    places = Counter((row.file, row.behind) for row in others)
    alone: list[_Row] = []
    instead: list[_Row] = []
    for row in rows:
        taken = places[row.file, row.behind] > 0
        places[row.file, row.behind] -= taken
        (instead if taken else alone).append(row)
    return alone, instead


def _counted(rows: Iterable[RowChange], did: str) -> tuple[RowCount, ...]:
    counts = Counter((row.provenance, row.file) for row in rows if row.did == did)
    return tuple(
        RowCount(provenance=provenance, source=source, rows=count)
        for (provenance, source), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
