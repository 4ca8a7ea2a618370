"""The way of rows through a curation: how it is parted into passages, and what is handed on from one to the next."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from qlora_gov.errors import PluginError
from qlora_gov.plugin.calls import ForeignError, plugin_code
from qlora_gov.plugin.specs import Drop, Progress
from qlora_gov.stages.curate.passing import Batch, Passage, Passed, RowFiles, refuse_changed
from qlora_gov.stages.curate.sketches import Ids, SketchFile, keys_of, order_of
from qlora_gov.stages.curate.uses import MIX, Curation, UsedSource, UsedStep

BATCH = 1_000
"""Rows that are in memory at once, in each process."""


class Chooser(NamedTuple):
    """The step that ends a passage and judges the set of what it leaves, and its place among the steps."""

    number: int
    step: UsedStep


@dataclass
class Course:
    """What a passage has left: files of rows, with their keys, and the rows that steps turned into a held-out one."""

    parts: list[Path] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    suspects: list[str] = field(default_factory=list)

    def add(self, done: Passed) -> None:
        """Add what is left of one batch more."""
        self.parts.append(done.part)
        self.sizes.append(done.rows)
        self.keys.append(done.keys)
        self.suspects.extend(done.suspects)


def passages_of(curation: Curation, files: RowFiles) -> list[tuple[Passage, Chooser | None]]:
    """Steps that rows pass through in one go, each run of them up to the next one that judges the set."""
    mixing = [UsedStep(curation.mixer, MIX, judges_set=True)] if curation.mixer else []
    kept_clear = frozenset(row.id for row in curation.held_out.examples) if curation.held_out else frozenset()
    passages: list[tuple[Passage, Chooser | None]] = []
    run: list[tuple[int, UsedStep]] = []
    for number, step in enumerate([*curation.steps, *mixing]):
        if step.judges_set:
            passages.append((Passage(tuple(run), step, kept_clear, files), Chooser(number, step)))
            run = []
        else:
            run.append((number, step))
    return [*passages, (Passage(tuple(run), None, kept_clear, files), None)]


def show_held_out(curation: Curation) -> None:
    """Let every step that decontaminates see the held-out rows, and change none of them."""
    examples = tuple(curation.held_out.examples) if curation.held_out else ()
    before = pickle.dumps(examples, pickle.HIGHEST_PROTOCOL)
    for step in curation.steps:
        if step.decontaminates:
            name = step.component.name
            try:
                with plugin_code(name):
                    step.step.keep_clear_of(examples)  # type: ignore[union-attr]
            except ForeignError as error:
                raise PluginError(f"{name} raised {error}") from error
            refuse_changed(name, examples, before)


def read_batches(
    sources: Iterable[tuple[int, UsedSource]], directory: Path, read: Counter[int], progress: Progress
) -> Iterator[Batch]:
    """What numbered sources yield, counted in ``read``. Raises PluginError for one that fails."""
    for number, used in sources:
        name = used.component.name
        try:
            with plugin_code(name):
                rows = iter(used.source.read())
            while True:
                with plugin_code(name):
                    batch = list(islice(rows, BATCH))
                if not batch:
                    break
                target = directory / f"{number:06}-{read[number] // BATCH:08}.parquet"
                read[number] += len(batch)
                yield Batch(target, batch, used)
                progress.advance(0, f"{read.total():,} rows read")
        except ForeignError as error:
            raise PluginError(f"{name} raised {error}") from error
        progress.advance(1, f"{read.total():,} rows read")


def chosen(step: UsedStep, course: Course, sketches: SketchFile) -> dict[int, Drop]:
    """The rows that a set's step drops, by their number in the course."""
    name, keys = step.component.name, keys_of(course.keys)
    order = order_of(keys)
    ids = Ids(keys[order])
    try:
        with plugin_code(name):
            found = dict(step.step.choose(ids, sketches.ordered(order)))  # type: ignore[union-attr]
    except ForeignError as error:
        raise PluginError(f"{name} raised {error}") from error
    drops: dict[int, Drop] = {}
    for place, drop in found.items():
        if not isinstance(place, int | np.integer) or not 0 <= place < len(order) or not isinstance(drop, Drop):
            raise PluginError(f"{name} chose {place!r}: {drop!r}, not the place of a row and a Drop")
        drops[int(order[place])] = drop
    return drops


def left_batches(course: Course, drops: Mapping[int, Drop], chooser: Chooser, directory: Path) -> Iterator[Batch]:
    """The files of a passage, with what of each the set's step drops, to be passed on into a directory."""
    ends = np.cumsum(course.sizes)
    of_part: dict[int, dict[int, Drop]] = {}
    for number, drop in drops.items():
        at = int(np.searchsorted(ends, number, side="right"))
        of_part.setdefault(at, {})[number - int(ends[at]) + course.sizes[at]] = drop
    name = chooser.step.component.name
    for at, part in enumerate(course.parts):
        target = directory / f"{at:08}.parquet"
        yield Batch(target, part=part, step=chooser.number, chooser=name, drops=of_part.get(at, {}))
