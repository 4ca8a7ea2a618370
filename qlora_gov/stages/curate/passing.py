"""One batch of rows on its way through steps that judge each row by itself; it runs in any process, in any order."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from qlora_gov.canonical import canonical_json
from qlora_gov.errors import DataError, PluginError, did_you_mean
from qlora_gov.plugin.calls import ForeignError, plugin_code
from qlora_gov.plugin.rows import addressed, addresses, checked, result_of
from qlora_gov.plugin.specs import Change, Drop, Span
from qlora_gov.records.dataset import PROVENANCES
from qlora_gov.records.example import Example
from qlora_gov.records.table import Table, examples_of, examples_table
from qlora_gov.stages.curate.uses import UsedSource, UsedStep
from qlora_gov.text import one_line

KEY_BYTES = 48
"""Of a row's place in the order of what rows say: its conversation's digest, then that of its labels."""


class RowFiles(Protocol):
    """Tables of rows in files, for rows that are more than a process holds."""

    def write(self, path: Path, table: Table) -> None:
        """Write a table, whole or not at all."""
        ...

    def read(self, path: Path) -> Table:
        """Read one back."""
        ...


class Treated(NamedTuple):
    """What a step did with one row: a line of the table ``changes``."""

    step: int
    source: str
    example: str
    became: str | None
    reason: str
    score: float | None
    matched: str | None
    spans: str | None


@dataclass
class Tally:
    """How many rows a step was given and gave labels to, and how many it dropped and changed, by the reason."""

    rows_in: int = 0
    labelled: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    altered: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Count another batch's, too."""
        self.rows_in += other.rows_in
        self.labelled += other.labelled
        self.dropped.update(other.dropped)
        self.altered.update(other.altered)


@dataclass(frozen=True)
class Passage:
    """Steps that a batch passes through in one go, by their numbers, and the set's step that sketches what is left.

    ``held_out`` are the ids of rows that no step may turn a training row into.
    """

    steps: tuple[tuple[int, UsedStep], ...]
    sketching: UsedStep | None
    held_out: frozenset[str]
    files: RowFiles


@dataclass(frozen=True)
class Batch:
    """Rows as a source gave them, or a file that another passage left and what of it a set's step drops.

    ``step`` and ``chooser`` are the number and the name of that step.
    """

    target: Path
    rows: Sequence[Example] = ()
    origin: UsedSource | None = None
    part: Path | None = None
    step: int = 0
    chooser: str = ""
    drops: Mapping[int, Drop] = field(default_factory=dict)


@dataclass(frozen=True)
class Passed:
    """What is left of a batch: a file of rows, and of each row in it the key of its place and its sketch."""

    part: Path
    rows: int
    keys: bytes
    sketches: Sequence[bytes]
    tallies: Mapping[int, Tally]
    treated: Sequence[Treated]
    suspects: Sequence[str]


class _Row(NamedTuple):
    example: Example
    changed: bool


def passed(batch: Batch, passage: Passage) -> Passed:
    """Pass a batch through. Raises PluginError for a component that fails, DataError for a row that cannot be used."""
    tallies: dict[int, Tally] = {}
    treated: list[Treated] = []
    rows = list(_read(batch.rows, batch.origin) if batch.origin else ())
    if batch.part is not None:
        rows, tallies[batch.step] = _chosen(batch, passage.files.read(batch.part), treated)
    for number, step in passage.steps:
        rows, tallies[number] = _applied(number, step, rows, treated)
    examples = [row.example for row in rows]
    table = {**examples_table(examples), "changed": ["1" if row.changed else None for row in rows]}
    passage.files.write(batch.target, table)
    ids = [str(id_) for id_ in table["id"]]
    return Passed(
        part=batch.target,
        rows=len(rows),
        keys=b"".join(map(_key, examples, ids)) if passage.sketching else b"",
        sketches=_sketched(passage.sketching, examples) if passage.sketching else (),
        tallies=tallies,
        treated=treated,
        suspects=[
            example.source
            for (example, changed), id_ in zip(rows, ids, strict=True)
            if changed and id_ in passage.held_out
        ],
    )


def _read(examples: Sequence[Example], origin: UsedSource) -> Iterator[_Row]:
    """Rows as a source gave them, checked, with their addresses and provenance."""
    paths = addresses(origin.component)
    for example in examples:
        row = addressed(checked(example, origin.component.name, "yielded"), paths)
        yield _Row(_of_provenance(row, origin), changed=False)


def _chosen(batch: Batch, table: Table, treated: list[Treated]) -> tuple[list[_Row], Tally]:
    """The rows of a file without those that a set's step drops."""
    rows = [_Row(*row) for row in zip(examples_of(table), (one is not None for one in table["changed"]), strict=True)]
    return _parted(
        batch.step, batch.chooser, rows, (batch.drops.get(at, row.example) for at, row in enumerate(rows)), treated
    )


def _of_provenance(example: Example, origin: UsedSource) -> Example:
    """A row with the provenance of its source, where it states none of its own."""
    if example.provenance is None:
        return example.model_copy(update={"provenance": origin.provenance}) if origin.provenance else example
    if origin.strict and example.provenance not in PROVENANCES:
        near = did_you_mean(example.provenance, PROVENANCES)
        raise DataError(f"{example.source}: no provenance is called {one_line(repr(example.provenance))}; {near}")
    return example


def _applied(number: int, step: UsedStep, rows: Sequence[_Row], treated: list[Treated]) -> tuple[list[_Row], Tally]:
    """What a step that judges each row by itself leaves of them."""
    name = step.component.name
    results = called(name, step.step.apply, [row.example for row in rows])  # type: ignore[union-attr]
    return _parted(number, name, rows, results, treated)


def _parted(
    number: int, name: str, rows: Sequence[_Row], results: Iterable[Any], treated: list[Treated]
) -> tuple[list[_Row], Tally]:
    """The rows that stay by a step's results, one for each, and how many did what; what it did goes on record."""
    left, tally = [], Tally(rows_in=len(rows))
    for row, result in zip(rows, results, strict=True):
        told = result_of(name, result, row.example)
        if isinstance(told, Example):
            left.append(row)
            continue
        if isinstance(told, Change) and told.example.turns == row.example.turns:
            tally.labelled += 1
            left.append(_Row(told.example, row.changed))
            continue
        treated.append(_treated(number, row.example, told))
        if isinstance(told, Change):
            tally.altered[told.reason] += 1
            left.append(_Row(told.example, changed=True))
        else:
            tally.dropped[told.reason] += 1
    return left, tally


def _sketched(step: UsedStep, examples: Sequence[Example]) -> list[bytes]:
    name = step.component.name
    sketches = called(name, step.step.sketch, examples)  # type: ignore[union-attr]
    if odd := [sketch for sketch in sketches if not isinstance(sketch, bytes)]:
        raise PluginError(f"{name} sketched a row as a {type(odd[0]).__name__}, not as bytes")
    return sketches


def called(name: str, method: Any, examples: Sequence[Example]) -> list[Any]:
    """What a component makes of rows, one result for each.

    Raises PluginError where it fails, gives fewer or more, or changes a row in place.
    """
    before = pickle.dumps(examples, pickle.HIGHEST_PROTOCOL)
    lent = list(examples)
    try:
        with plugin_code(name):
            results = list(method(lent))
    except ForeignError as error:
        raise PluginError(f"{name} raised {error}") from error
    refuse_changed(name, examples, before)
    if len(results) != len(examples):
        raise PluginError(f"{name} returned {len(results)} results for {len(examples)} rows")
    return results


def refuse_changed(name: str, examples: Sequence[Example], before: bytes) -> None:
    """Raise PluginError where rows do not pickle as they did before a component met them."""
    if pickle.dumps(examples, pickle.HIGHEST_PROTOCOL) != before:
        was = pickle.loads(before)  # noqa: S301 - what was written a moment ago, here
        first = next((old for old, new in zip(was, examples, strict=True) if _parts(old) != _parts(new)), was[0])
        raise PluginError(f"{name} changed a row in place, first {first.source}; return a changed copy")


def _parts(example: Example) -> list[Any]:
    return list(vars(example).values())


def _key(example: Example, id_: str) -> bytes:
    labels = [example.group, example.provenance, example.intent, example.language, dict(example.extra)]
    digest = hashlib.blake2b(canonical_json(labels), digest_size=KEY_BYTES - 32)
    return bytes.fromhex(id_.rpartition(":")[2]) + digest.digest()


def _treated(step: int, example: Example, told: Drop | Change) -> Treated:
    became = told.example.id if isinstance(told, Change) else None
    matched = told.matched if isinstance(told, Drop) else None
    return Treated(step, example.source, example.id, became, told.reason, told.score, matched, _spans(told.spans))


def _spans(spans: Iterable[Span]) -> str | None:
    """Where something was found in a row: the places ``[turn, start, end]`` by kind."""
    places: dict[str, list[list[int]]] = {}
    for span in spans:
        places.setdefault(span.kind, []).append([span.turn, span.start, span.end])
    return json.dumps({kind: sorted(places[kind]) for kind in sorted(places)}, ensure_ascii=False) if places else None
