"""The statements by which a record becomes the newest entry.

Number, link and hash are computed by the database inside the transaction: a writer that had read the head before
would lose it, while it sends its rows, to every writer that has fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from qlora_gov.ledger.entry import GENESIS, Line
from qlora_gov.ledger.queries import holding
from qlora_gov.ledger.sql import MOVED, literal, optional


class Seen(NamedTuple):
    """What a record was made after: the newest entry of some kinds, by its number."""

    kinds: Sequence[str]
    newest: int


def appending(line: Line, seen: Seen | None = None) -> list[str]:
    """The statements of one transaction that adds an entry and sets the variable ``entry`` to its number.

    They fail as overtaken where another writer is at it, or has just added the same record.

    Args:
        line: the entry, with a number, link and hash still to come.
        seen: what its record was made after; they fail where there is a newer entry of these kinds.
    """
    values = ", ".join(
        [literal(line.kind), literal(line.id), optional(line.key)]
        + [literal(text) for text in (line.record, line.at, line.facts)]
    )
    sealing = f"""'{{"body":"{line.body()}","previous":"' || hash || '","seq":' || seq || '}}'"""
    return [
        # Whoever is second fails here at once, and not only when it commits.
        "UPDATE turn SET taken = taken + 1",
        *([] if seen is None else [f"SELECT error('{MOVED}') FROM entries WHERE {_newer(seen)}"]),  # noqa: S608
        f"SELECT error('Duplicate key: appended already') FROM entries WHERE {holding(line.id, line.key)}",  # noqa: S608
        f"""
        INSERT INTO entries SELECT seq, {values}, hash, 'sha256:' || sha256({sealing})
        FROM (SELECT coalesce(max(seq), 0) + 1 AS seq, coalesce(max_by(hash, seq), '{GENESIS}') AS hash FROM entries)
        """,  # noqa: S608
        "SET VARIABLE entry = (SELECT max(seq) FROM entries)",
    ]


def _newer(seen: Seen) -> str:
    return f"kind IN ({', '.join(map(literal, seen.kinds))}) AND seq > {seen.newest}"
