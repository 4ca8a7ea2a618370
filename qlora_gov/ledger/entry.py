"""Entries of the chain: as they are stored, and as they are read.

An entry names the hash of the one before it, and its own hash covers all of its other fields, so that a change
anywhere breaks the chain there. Time, host and duration are facts of the entry and never part of its record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import JsonValue, ValidationError

from qlora_gov.canonical import bytes_id, canonical_json, content_id, parse_json
from qlora_gov.errors import IntegrityError, NewerLedgerError
from qlora_gov.records import RECORDS, Record

GENESIS = "sha256:" + 64 * "0"
"""What the first entry names as the hash before it."""


class Line(NamedTuple):
    """An entry as it is stored: ``record`` and ``facts`` are canonical JSON, ``at`` is UTC in ISO 8601."""

    seq: int
    kind: str
    id: str
    key: str | None
    record: str
    at: str
    facts: str
    previous: str
    hash: str

    def body(self) -> str:
        """The digest of what does not depend on the entries before. Raises ValueError where JSON cannot carry it."""
        place_in_chain = ("seq", "previous", "hash")
        return content_id({name: value for name, value in self._asdict().items() if name not in place_in_chain})

    def sealed(self) -> str:
        """The hash over body, number and link, and so over all other fields."""
        return content_id({"body": self.body(), "previous": self.previous, "seq": self.seq})


@dataclass(frozen=True)
class Entry:
    """An entry with its record. ``id`` is the record's, as it was when it was written."""

    seq: int
    kind: str
    id: str
    key: str | None
    record: Record
    at: str
    facts: Mapping[str, JsonValue]
    previous: str
    hash: str


def place(entry: Line | Entry) -> str:
    """How messages name an entry."""
    return f"entry {entry.seq} ({entry.kind} {entry.id[:15]})"


def draft(record: Record, key: str | None, facts: Mapping[str, JsonValue]) -> Line:
    """The entry of a record that has no place in the chain yet."""
    stored = canonical_json(record.document())
    return Line(
        seq=0,
        kind=record.kind,
        id=bytes_id(stored),
        key=key,
        record=stored.decode(),
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        facts=canonical_json(dict(facts)).decode(),
        previous="",
        hash="",
    )


def entry_of(line: Line) -> Entry:
    """Parse a stored entry.

    Raises IntegrityError where it holds no record, NewerLedgerError where it holds what a later version wrote: a kind,
    a schema, a field or a word that this one does not know, under the id of these very bytes.
    """
    id_ = bytes_id(line.record.encode())
    try:
        content, schema = _document(line)
        if line.kind not in RECORDS or schema > RECORDS[line.kind].schema_number():
            raise _UnknownError
        record = RECORDS[line.kind].stored(id_, content, schema)
        fields = line._asdict() | {"record": record, "facts": parse_json(line.facts)}
    except (ValueError, LookupError, TypeError, _UnknownError) as error:
        if id_ == line.id and _of_later_version(error):
            raise NewerLedgerError(f"{place(line)} was written by a newer version of qlora-gov: upgrade it") from error
        raise IntegrityError(f"{place(line)} holds no readable record; 'qlora-gov verify' tells more") from error
    return Entry(**fields)


class _UnknownError(Exception):
    """A kind or a schema that this version does not know."""


def _document(line: Line) -> tuple[dict[str, Any], int]:
    """The content of a record, and the number of its schema. Raises ValueError where it is no record."""
    document = parse_json(line.record)
    schema = document.get("schema", 1) if isinstance(document, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1 or not document.keys() <= _RECORD:
        raise ValueError("not a record")
    content = document["content"]
    if not isinstance(content, dict):
        raise ValueError("not the content of a record")
    return content, schema


_RECORD = {"kind", "content", "schema"}
_UNKNOWN = {"extra_forbidden", "enum", "literal_error"}


def _of_later_version(error: Exception) -> bool:
    """Whether all that is wrong with a record is that this version does not know it."""
    if isinstance(error, ValidationError):
        return all(problem["type"] in _UNKNOWN for problem in error.errors(include_url=False))
    return isinstance(error, _UnknownError)
