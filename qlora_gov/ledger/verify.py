"""Re-derive everything that a ledger states: offline, without a model, from its rows and the files beside it.

An unkeyed chain shows an edit only to somebody who kept a later head: whoever can rewrite the file can rewrite the
chain. A deleted last entry, too, leaves a chain that is whole. So heads are printed on cards and can be given here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qlora_gov.ledger import columns, queries
from qlora_gov.ledger.chain import chain_problems, head_problems, parent_problems, readable
from qlora_gov.ledger.entry import Entry, Line, place
from qlora_gov.ledger.files import file_problems
from qlora_gov.ledger.ledger import Ledger
from qlora_gov.ledger.problems import Problem, ProblemKind
from qlora_gov.ledger.rows import Aggregates, row_problems, tables_of
from qlora_gov.records import Head
from qlora_gov.records.table import TABLES

_BATCH = 50  # entries read at one opening: more need more memory, and writers want to come in between


def verify_ledger(
    ledger: Ledger, *, aggregates: Aggregates, artefacts: Path, heads: Iterable[Head] = (), host: str | None = None
) -> list[Problem]:
    """All that does not re-derive; nothing, where the ledger is sound.

    Args:
        ledger: the ledger; one that does not exist is sound unless a head of it is given.
        aggregates: each metric's aggregate and the source digest of its plugin, by plugin/name.
        artefacts: the directory of the files that records name.
        heads: heads that somebody kept, from cards for instance.
        host: this machine's name where the ledger is shared, so that files may lie on others; None where it is not.

    Raises:
        LedgerError: the ledger cannot be read at all, or is held by another process.
    """
    counts = _counts(ledger)  # before the entries are read, or rows of an append between the two would look stray
    lines = _lines(ledger)
    entries, problems = readable(lines)
    return [
        *chain_problems(lines),
        *problems,
        *parent_problems(lines, entries),
        *head_problems(lines, entries, heads),
        *_stray_rows(counts, lines, entries),
        *_rows(ledger, entries, aggregates),
        *file_problems(entries, artefacts, host),
    ]


@dataclass(frozen=True)
class Readable:
    """What of a ledger can be read.

    ``entries`` are all that can, ``judged`` those before the first that cannot: what comes later may rest on it.
    ``ids`` are those of all entries, read or not.
    """

    entries: Sequence[Entry]
    judged: Sequence[Entry]
    ids: frozenset[str]


def readable_entries(ledger: Ledger) -> Readable:
    """What can be read; :func:`verify_ledger` says of the rest why it cannot."""
    lines = _lines(ledger)
    entries, _ = readable(lines)
    read = {entry.seq for entry in entries}
    end = next((line.seq for line in lines if line.seq not in read), None)
    judged = [entry for entry in entries if end is None or entry.seq < end]
    return Readable(entries, judged, frozenset(line.id for line in lines))


def verify_lineage(ledger: Ledger, record_id: str) -> list[Problem]:
    """What is wrong with the chain, or with the rows of a record and of what it was made from; digests only."""
    lines = _lines(ledger)
    entries = [ledger.get(record_id), *ledger.lineage(record_id)]
    return [*chain_problems(lines), *_rows(ledger, entries, None)]


def _lines(ledger: Ledger) -> list[Line]:
    if not ledger.exists():
        return []
    with ledger.reading() as session:
        return queries.lines(session)[::-1]


def _rows(ledger: Ledger, entries: Sequence[Entry], aggregates: Aggregates | None) -> Iterator[Problem]:
    owners = [entry for entry in entries if tables_of(entry.record)]
    for start in range(0, len(owners), _BATCH):
        batch = owners[start : start + _BATCH]
        wanted = {name: [entry.seq for entry in batch if name in tables_of(entry.record)] for name in TABLES}
        with ledger.reading() as session:
            read = {name: columns.read_several(session, seqs, name) for name, seqs in wanted.items() if seqs}
        for entry in batch:
            tables = {name: read[name][entry.seq] for name in tables_of(entry.record)}
            yield from row_problems(place(entry), entry.record, tables, aggregates)


def _counts(ledger: Ledger) -> dict[str, list[tuple[int, int]]]:
    """How many rows each table has, by their entry's number."""
    if not ledger.exists():
        return {}
    with ledger.reading() as session:
        query = "SELECT entry, count(*) FROM {} GROUP BY entry ORDER BY entry"
        return {name: session.execute(query.format(name)).fetchall() for name in TABLES}


def _stray_rows(
    counts: Mapping[str, Sequence[tuple[int, int]]], lines: Sequence[Line], entries: Sequence[Entry]
) -> Iterator[Problem]:
    """Rows whose entry is not there, or has none in that table. Rows of an unreadable entry cannot be judged."""
    unread = {line.seq for line in lines} - {entry.seq for entry in entries}
    for name, found in counts.items():
        owners = unread | {entry.seq for entry in entries if name in tables_of(entry.record)}
        for seq, count in found:
            if seq not in owners:
                what = f"{count} rows name entry {seq}, which has none in this table"
                yield Problem(ProblemKind.TAMPERED, f"table {name}", what)
