"""From sources and steps to a dataset version: rows in batches, passage by passage, and what became of each."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from qlora_gov.errors import DataError, PluginError
from qlora_gov.plugin.calls import ForeignError, plugin_code
from qlora_gov.plugin.specs import Drop
from qlora_gov.records import SourceUse, StepReport
from qlora_gov.stages.curate.freezing import Curated, Workshop, freeze
from qlora_gov.stages.curate.passing import Batch, Passage, Passed, Tally, Treated, refuse_changed
from qlora_gov.stages.curate.pool import passed_all
from qlora_gov.stages.curate.sketches import Ids, SketchFile, keys_of, order_of
from qlora_gov.stages.curate.uses import MIX, HeldOut, Mixer, UsedSource, UsedStep

BATCH = 1_000
"""Rows that are in memory at once, in each process."""


@dataclass
class _Course:
    """What has become of the rows so far: files of those that are left, with keys and sketches."""

    parts: list[Path] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    suspects: list[str] = field(default_factory=list)


def curate_dataset(
    role: str,
    sources: Sequence[UsedSource],
    steps: Sequence[UsedStep],
    held_out: HeldOut | None,
    shop: Workshop,
    *,
    mixer: Mixer | None = None,
    by_prompt: bool = False,
) -> Curated:
    """Curate a dataset. ``mixer`` samples what the steps leave; with ``by_prompt``, rows of one prompt are one group.

    Raises DataError where no rows are left, saying where they went.
    """
    passages = list(_passages([*steps, *([UsedStep(mixer, MIX, judges_set=True)] if mixer else [])]))
    shop.progress.begin(f"curating {role} data", len(sources) + len(passages) - 1)
    _show_held_out(steps, held_out)
    kept_clear = frozenset(row.id for row in held_out.examples) if held_out else frozenset()
    read: Counter[int] = Counter()
    tallies = {number: Tally() for number in range(len(steps) + 1)}
    treated: list[Treated] = []
    course, batches = _Course(), _batches(sources, shop, read)
    for number, (rows, chooser) in enumerate(passages):
        passage = Passage(rows, chooser[1] if chooser else None, kept_clear, shop.files)
        with closing(SketchFile(shop.work / f"sketches-{number}")) as sketches:
            course = _Course()
            for done in passed_all(batches, passage, shop.processes, shop.directories):
                _take(done, course, tallies, treated, sketches)
            if chooser is not None:
                drops = _chosen(chooser[1], course, sketches)
                batches = _left(course, drops, chooser, shop, number + 1)
    if course.suspects:
        first = min(course.suspects)
        raise PluginError(
            f"the steps turned {first} into a held-out row; put held_out_leak last, which drops such rows"
        )
    uses = tuple(
        SourceUse(
            component=used.component,
            rows=read[number],
            licence=used.licence,
            provenance=used.provenance,
            consent=used.consent,
        )
        for number, used in enumerate(sources)
    )
    reports = tuple(_report(step, tallies[number]) for number, step in enumerate(steps))
    if not sum(course.sizes):
        mixed = f"; the mix left out {tallies[len(steps)].rows_in}" if mixer else ""
        raise DataError(f"no {role} data is left: {_story(uses, reports)}{mixed}")
    lineage: dict[str, Any] = {
        "role": role,
        "sources": uses,
        "steps": reports,
        "held_out": held_out.id if held_out else None,
    }
    lineage |= {"mixing": mixer.mixing} if mixer else {}
    return freeze(lineage, course.parts, treated, shop, by_prompt=by_prompt)


Numbered = tuple[int, UsedStep]
"""A step, and its place among the steps."""


def _passages(steps: Sequence[UsedStep]) -> Iterator[tuple[tuple[Numbered, ...], Numbered | None]]:
    """Steps that rows pass through in one go, each run of them up to the next one that judges the set."""
    run: list[Numbered] = []
    for numbered in enumerate(steps):
        if numbered[1].judges_set:
            yield tuple(run), numbered
            run = []
        else:
            run.append(numbered)
    yield tuple(run), None


def _show_held_out(steps: Sequence[UsedStep], held_out: HeldOut | None) -> None:
    """Let every step that decontaminates see the held-out rows, and change none of them."""
    examples = tuple(held_out.examples) if held_out else ()
    before = pickle.dumps(examples, pickle.HIGHEST_PROTOCOL)
    for step in steps:
        if step.decontaminates:
            name = step.component.name
            try:
                with plugin_code(name):
                    step.step.keep_clear_of(examples)  # type: ignore[union-attr]
            except ForeignError as error:
                raise PluginError(f"{name} raised {error}") from error
            refuse_changed(name, examples, before)


def _batches(sources: Sequence[UsedSource], shop: Workshop, read: Counter[int]) -> Iterator[Batch]:
    """What the sources yield, counted. Raises PluginError for one that fails."""
    made = 0
    for number, used in enumerate(sources):
        name = used.component.name
        try:
            with plugin_code(name):
                rows = iter(used.source.read())
            while True:
                with plugin_code(name):
                    batch = list(islice(rows, BATCH))
                if not batch:
                    break
                read[number] += len(batch)
                yield Batch(shop.work / f"read-{made}.parquet", batch, used)
                made += 1
                shop.progress.advance(0, f"{read.total():,} rows read")
        except ForeignError as error:
            raise PluginError(f"{name} raised {error}") from error
        shop.progress.advance(1, f"{read.total():,} rows read")


def _take(
    done: Passed, course: _Course, tallies: Mapping[int, Tally], treated: list[Treated], sketches: SketchFile
) -> None:
    course.parts.append(done.part)
    course.sizes.append(done.rows)
    course.keys.append(done.keys)
    course.suspects.extend(done.suspects)
    sketches.write(done.sketches)
    treated.extend(done.treated)
    for number, tally in done.tallies.items():
        tallies[number].add(tally)


def _chosen(step: UsedStep, course: _Course, sketches: SketchFile) -> dict[int, Drop]:
    """The rows that a set's step drops, by their number in the course."""
    name, keys = step.component.name, keys_of(course.keys)
    order = order_of(keys)
    ids = Ids(keys[order])
    try:
        with plugin_code(name):
            chosen = dict(step.step.choose(ids, sketches.ordered(order)))  # type: ignore[union-attr]
    except ForeignError as error:
        raise PluginError(f"{name} raised {error}") from error
    drops: dict[int, Drop] = {}
    for place, drop in chosen.items():
        if not isinstance(place, int | np.integer) or not 0 <= place < len(order) or not isinstance(drop, Drop):
            raise PluginError(f"{name} chose {place!r}: {drop!r}, not the place of a row and a Drop")
        drops[int(order[place])] = drop
    return drops


def _left(
    course: _Course, drops: Mapping[int, Drop], chooser: Numbered, shop: Workshop, passage: int
) -> Iterator[Batch]:
    """The files of a passage, with what of each the set's step drops; a file goes when it has been passed on."""
    ends = np.cumsum(course.sizes)
    of_part: dict[int, dict[int, Drop]] = {}
    for number, drop in drops.items():
        at = int(np.searchsorted(ends, number, side="right"))
        of_part.setdefault(at, {})[number - int(ends[at]) + course.sizes[at]] = drop
    for at, part in enumerate(course.parts):
        target = shop.work / f"passage-{passage}-{at}.parquet"
        name = chooser[1].component.name
        yield Batch(target, part=part, step=chooser[0], chooser=name, drops=of_part.get(at, {}))
    shop.progress.advance(1, f"{int(sum(course.sizes)) - len(drops):,} rows left")


def _report(step: UsedStep, tally: Tally) -> StepReport:
    return StepReport(
        component=step.component,
        action=step.action,
        rows_in=tally.rows_in,
        dropped=dict(sorted(tally.dropped.items())),
        changed=tally.altered.total(),
        altered=dict(sorted(tally.altered.items())),
        labelled=tally.labelled,
        decontaminates=step.decontaminates,
        measured=step.measured,
    )


def _story(uses: Sequence[SourceUse], reports: Sequence[StepReport]) -> str:
    def told() -> Iterator[str]:
        yield f"{sum(use.rows for use in uses)} rows read"
        for report in reports:
            for reason, rows in report.dropped.items():
                yield f"{report.component.name} dropped {rows} ({reason})"

    return "; ".join(told())
