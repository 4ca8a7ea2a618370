"""Does a sweep follow from the records that it names, and do its intervals come out of the rows again?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qlora_gov.errors import GovError, PluginError, ProjectError
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import dataset_of, side
from qlora_gov.ledger import Entry, Ledger, Problem, ProblemKind
from qlora_gov.ledger.entry import place
from qlora_gov.ledger.files import adapter_directory
from qlora_gov.ledger.reading import fetch
from qlora_gov.plugin.catalog import Catalog
from qlora_gov.plugin.recorded import installed, remeasure
from qlora_gov.records import Adapter, Evaluation, Measurement, Sweep
from qlora_gov.records.table import cluster_numbers
from qlora_gov.stages.sweep import Trials, Tried
from qlora_gov.verification.numbers import close, differences
from qlora_gov.verification.past import Past


def sweep_flaws(sweep: Sweep, past: Past) -> Iterator[str]:
    """What does not follow from the entries before, without their rows."""
    answered = [past.answered(id_) for id_ in sweep.evaluations]
    adapters = [past.held(id_, Adapter) for id_ in sweep.adapters]
    count = len(sweep.trials)
    if None in answered or None in adapters or {len(answered), len(adapters)} != {count} or count < 2:
        yield "it does not name an adapter and an evaluation of each trial that entries before it hold"
        return
    if len({past.rows(one) for one in answered}) > 1:
        yield "its trials are not on the same rows"
    if [one.adapter for one in answered if one] != list(sweep.adapters):
        yield "an evaluation is not of the adapter of its trial"
    for at, adapter in enumerate(adapters):
        recipe = adapter.training.recipe.settings if adapter and adapter.training else {}
        value = sweep.trials[at].value
        if recipe.get(sweep.field, value) != value:
            yield f"trial {at + 1} states {sweep.field} {value}, its adapter's recipe {recipe[sweep.field]}"
        yield from _value_flaws(at, sweep, past.held(sweep.evaluations[at], Evaluation))


def _value_flaws(at: int, sweep: Sweep, evaluation: Evaluation | None) -> Iterator[str]:
    stated, measured = sweep.trials[at].measured, _named(evaluation, sweep.metric)
    value = measured.value if measured else None
    if isinstance(stated, float) and not (isinstance(value, float) and close(stated, value)):
        yield f"trial {at + 1} states {sweep.metric} {stated!r}, its evaluation {value!r}"


def _named(evaluation: Evaluation | None, metric: str) -> Measurement | None:
    return next((one for one in evaluation.measurements if one.name == metric), None) if evaluation else None


def size_problems(ledger: Ledger, artefacts: Path, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Trials whose adapter has other bytes than the sweep states; files that are not here are told of elsewhere."""
    for entry in entries:
        if isinstance(entry.record, Sweep):
            for trial, id_ in zip(entry.record.trials, entry.record.adapters, strict=False):
                size = _size(ledger, artefacts, id_)
                if size not in (None, trial.size):
                    of = f"{entry.record.field} {trial.value}"
                    what = f"the adapter of {of} has {size} bytes, its trial states {trial.size}"
                    yield Problem(ProblemKind.TAMPERED, place(entry), what)


def _size(ledger: Ledger, artefacts: Path, adapter: str) -> int | None:
    try:
        record = fetch(ledger, adapter, Adapter)
        return sum((adapter_directory(artefacts, record.digest) / name).stat().st_size for name in record.files)
    except (GovError, OSError):
        return None


@dataclass(frozen=True)
class Recompare:
    """What compares the trials of sweeps again: the ledger with its rows, and the metrics that are installed now."""

    ledger: Ledger
    catalog: Catalog
    root: Path

    def problems(self, entries: Sequence[Entry]) -> Iterator[Problem]:
        """What of sweeps does not come out of the rows again."""
        for entry in entries:
            if isinstance(entry.record, Sweep) and (problem := self._problem(place(entry), entry.record)) is not None:
                yield problem

    def _problem(self, where: str, sweep: Sweep) -> Problem | None:
        try:
            evaluations = [fetch(self.ledger, id_, Evaluation) for id_ in sweep.evaluations]
            measured = next(found for one in evaluations if (found := _named(one, sweep.metric)) is not None)
            derived = self._compared(sweep, evaluations, measured)
        except PluginError as error:
            return Problem(ProblemKind.PLUGIN_MISSING, where, str(error))
        except ProjectError as error:
            return Problem(ProblemKind.PLUGIN_FAILED, where, str(error))
        except (GovError, ValueError, LookupError, StopIteration) as error:
            return Problem.underived(ProblemKind.MISSING, where, "its trials cannot be compared again", error)
        what = differences(*(one.model_dump(mode="json") for one in (sweep, derived)))
        now = installed(self.catalog, evaluations[0], measured)
        if what and now is not None and now.plugin.source != measured.metric.source:
            return Problem.source_changed(where, measured.metric, "measured", "comparison", "; ".join(what))
        return Problem(ProblemKind.TAMPERED, where, "; ".join(what)) if what else None

    def _compared(self, sweep: Sweep, evaluations: Sequence[Evaluation], measured: Measurement) -> Sweep:
        """The same trials on the same rows, by the methods that the record names."""
        groups = [example.group for example in evaluation_rows(self.ledger, dataset_of(self.ledger, evaluations[0].id))]
        tried = [
            Tried(trial.value, adapter, trial.size, side(self.ledger, evaluation))
            for trial, adapter, evaluation in zip(sweep.trials, sweep.adapters, evaluations, strict=True)
        ]
        measure = remeasure(self.catalog, evaluations[0], measured, self.root)
        return Trials(sweep.field, tried, measure, cluster_numbers(groups), sweep.alpha, sweep.methods).compared()
