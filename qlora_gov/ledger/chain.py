"""Do the entries form one unbroken chain, and do they hold what they say they hold?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from qlora_gov.canonical import bytes_id, parse_json
from qlora_gov.errors import IntegrityError, NewerLedgerError
from qlora_gov.ledger.entry import GENESIS, Entry, Line, entry_of, place
from qlora_gov.ledger.problems import Problem, ProblemKind
from qlora_gov.records import Card, Head


def chain_problems(lines: Sequence[Line]) -> Iterator[Problem]:
    """Check numbers, links, hashes and content ids of all entries, oldest first."""
    seq, previous = 0, GENESIS
    for line in lines:
        if line.seq > seq + 1:
            gap = f"entry {seq + 1}" if line.seq == seq + 2 else f"entries {seq + 1} to {line.seq - 1}"
            yield Problem(ProblemKind.MISSING, gap, "deleted, or moved elsewhere")
        elif line.previous != previous:
            yield Problem(ProblemKind.TAMPERED, place(line), "it does not name the hash of the entry before it")
        yield from _content(line)
        seq, previous = line.seq, line.hash


def readable(lines: Sequence[Line]) -> tuple[list[Entry], list[Problem]]:
    """The entries whose records can be read, and a problem for each of the others."""
    entries, problems = [], []
    for line in lines:
        try:
            entries.append(entry_of(line))
        except IntegrityError:
            problems.append(Problem(ProblemKind.TAMPERED, place(line), "it holds no readable record"))
        except NewerLedgerError:
            problems.append(Problem(ProblemKind.NEWER, place(line), "upgrade qlora-gov to read its record"))
    return entries, problems


def parent_problems(lines: Sequence[Line], entries: Sequence[Entry]) -> Iterator[Problem]:
    """Check that every record's parents were there before it."""
    first: dict[str, int] = {}
    for line in lines:
        first.setdefault(line.id, line.seq)
    for entry in entries:
        for parent in entry.record.parents:
            if first.get(parent, entry.seq) >= entry.seq:
                what = f"it was made from {parent}, which no entry before it holds"
                yield Problem(ProblemKind.MISSING, place(entry), what)


def head_problems(lines: Sequence[Line], entries: Sequence[Entry], heads: Iterable[Head]) -> Iterator[Problem]:
    """Check that the chain still holds the heads that somebody kept, and those that cards show."""
    hashes = {line.seq: line.hash for line in lines}
    for head in heads:
        if hashes.get(head.seq) != head.hash:
            what = f"deleted or changed: the head kept of it is {head.hash}"
            yield Problem(ProblemKind.TAMPERED, f"entry {head.seq}", what)
    earlier = {line.hash: line.seq for line in lines}
    for entry in entries:
        if isinstance(entry.record, Card) and earlier.get(entry.record.head, entry.seq) >= entry.seq:
            what = f"it shows the ledger's head {entry.record.head}, which no entry before it has"
            yield Problem(ProblemKind.TAMPERED, place(entry), what)


def _content(line: Line) -> Iterator[Problem]:
    try:
        document = parse_json(line.record)
        sealed, identified = line.sealed() == line.hash, bytes_id(line.record.encode()) == line.id
        named = document["kind"] == line.kind
    except (ValueError, LookupError, TypeError):
        sealed = identified = named = False
    if not sealed:
        yield Problem(ProblemKind.TAMPERED, place(line), "its hash is not that of its fields")
    if not (identified and named):
        yield Problem(ProblemKind.TAMPERED, place(line), "its id is not that of its record")
