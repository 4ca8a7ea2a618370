"""A sweep: an adapter for each value of a field of the recipe, all of them evaluated on the same rows and compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qlora_gov.errors import UsageError, did_you_mean
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import responses_of, side
from qlora_gov.evidence.sweeps import report_of_sweep
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.pipeline.recorder import Recorder
from qlora_gov.pipeline.step import Made, Step
from qlora_gov.plugin.measures import Measure
from qlora_gov.project.over import Over, Variant
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Adapter, Evaluation, Sweep
from qlora_gov.records.table import cluster_numbers
from qlora_gov.reports.sweep.context import SweepReport
from qlora_gov.reports.sweep.markdown import sweep_files
from qlora_gov.stages.sweep import Trials, Tried

MOST_TRIALS = 3
"""The playbook tries ranks 32, 64 and 128 and stops: each further trial is a further look at the evaluation rows."""


@dataclass(frozen=True)
class SweepPlan:
    """What is to be tried, and by which metric the trials are compared: by default what the first rule judges.

    ``anyway`` trains although no answers could pass the policy after so many looks; ``most`` are the trials at most.
    """

    space: Workspace
    over: Over
    metric: str | None = None
    most: int = MOST_TRIALS
    anyway: bool = False

    def run(self) -> Sweep:
        """Train and evaluate what is not on record yet, and compare. Raises UsageError before any work is done."""
        self._refuse_many()
        space = replace(self.space, notice=_once(self.space.notice))
        variants, metric = self.over.variants(space), self._metric(space)
        further, tried = self._further(variants), []
        for at, variant in enumerate(variants, 1):
            space.notice(f"trial {at} of {len(variants)}: {self.over.field} {variant.value}")
            pipeline = Pipeline(replace(space, project=variant.project), self.anyway, further)
            tried.append((variant, pipeline.train_and_evaluate()[0]))
        return Recorder(space).done(sweeping(space, self.over.field, tried, metric))

    def _refuse_many(self) -> None:
        if (count := len(self.over.values)) > self.most:
            raise UsageError(
                f"--over {self.over.field}: {count} values, and a sweep tries {self.most} at most: each trial is a "
                f"look at the evaluation rows, so that a decision on one of them would be look {count}; "
                f"'--trials {count}' tries them all the same"
            )

    def _further(self, variants: Sequence[Variant]) -> int:
        """How many looks a decision after this sweep has to count that no sweep on record counts yet."""
        sweeps = (held(entry, Sweep) for entry in self.space.ledger.entries(Sweep.kind))
        known = [one.value for sweep in sweeps if sweep.field == self.over.field for one in sweep.trials]
        return max(sum(variant.value not in known for variant in variants) - 1, 0)

    def _metric(self, space: Workspace) -> Measure:
        bound = Pipeline(space).bound
        bound.measures.require()
        judged = [rule.metric for rule in bound.release.policy.rules if rule.judges == "metric"]
        if self.metric is None and not judged:
            raise UsageError(f"no rule judges a metric; name one with --metric: {', '.join(bound.measures.names)}")
        name = judged[0] if self.metric is None else self.metric
        if name not in bound.measures.names:
            told = did_you_mean(name, bound.measures.names)
            raise UsageError(f"--metric {name}: nothing that is measured is named so; {told}")
        return next(one for one in bound.measures.all if one.traits.name == name)


def sweeping(space: Workspace, field: str, tried: Sequence[tuple[Variant, Evaluation]], metric: Measure) -> Step[Sweep]:
    """Compare the trials of a sweep, which are on record, by a metric."""
    ledger = space.ledger
    answered = [responses_of(ledger, evaluation) for _, evaluation in tried]
    adapters = [fetch(ledger, str(one.adapter), Adapter) for one in answered]

    def make(work: Path) -> Made[Sweep]:
        trials = [
            Tried(variant.value, adapter.id, size_of(space, adapter), side(ledger, evaluation))
            for (variant, evaluation), adapter in zip(tried, adapters, strict=True)
        ]
        groups = [example.group for example in evaluation_rows(ledger, answered[0].dataset)]
        return Trials(field, trials, metric, cluster_numbers(groups)).compared(), {}

    def parts_of(sweep: Sweep) -> dict[str, Any]:
        values = [trial.value for trial in sweep.trials]
        return {"field": sweep.field, "metric": sweep.metric, "values": values, "evaluations": list(sweep.evaluations)}

    parts = {
        "field": field,
        "metric": metric.traits.name,
        "values": [variant.value for variant, _ in tried],
        "evaluations": [evaluation.id for _, evaluation in tried],
    }
    return Step("sweep", Sweep, parts, parts_of, make)


def report_sweep(space: Workspace, sweep: Sweep) -> tuple[SweepReport, Path]:
    """The report of a sweep, and the directory that its files were written to."""
    report, folder = report_of_sweep(space.ledger, sweep, space.project.about.title), space.sweep(sweep.id)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sweep_files(report, space.templates).items():
        (folder / name).write_text(text, encoding="utf-8")
    return report, folder


def size_of(space: Workspace, adapter: Adapter) -> int:
    """The bytes of an adapter's files, which are at hand."""
    return sum((space.adapter(adapter.digest) / name).stat().st_size for name in adapter.files)


def _once(notice: Callable[[str], None]) -> Callable[[str], None]:
    """The same notice told once: each trial is a project of its own, and has much the same to say."""
    told: set[str] = set()

    def tell(line: str) -> None:
        if line not in told:
            told.add(line)
            notice(line)

    return tell
