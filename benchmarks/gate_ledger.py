"""A ledger that holds two evaluations of the same rows, and the decision on them, as the gate makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qlora_gov.canonical import columns_id
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import responses_of, side
from qlora_gov.evidence.looks import earlier_looks
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.specs import Comparison, Gate
from qlora_gov.records import (
    Component,
    DatasetVersion,
    Decision,
    Evaluation,
    Measurement,
    Policy,
    Responses,
    Rule,
)
from qlora_gov.records.example import Example, Message
from qlora_gov.records.table import TABLES, examples_table, scores_id, scores_table
from qlora_gov.stages.gate import GateInput, decide
from qlora_gov_gates.rules import NonInferior
from qlora_gov_gates.settings import NonInferiorSettings

COMPONENTS = ("sum", "rows")


def component(name: str, **settings: float) -> Component:
    """A part of the benchmark, as records name it."""
    return Component(name=f"bench/{name}", distribution="bench", version="0", source="sha256:0", settings=settings)


@dataclass(frozen=True)
class Stored:
    """Where the two evaluations lie, and the rule on each metric that is to be decided."""

    ledger: Ledger
    candidate: str
    champion: str
    policy: Policy
    gates: Mapping[str, Gate]
    measures: Sequence[Measure]


def store(path: Path, comparisons: Sequence[Comparison], margin: float) -> Stored:
    """Append all that a decision on the comparisons reads, with a rule ``non_inferior`` on each."""
    ledger, rows = Ledger(path), comparisons[0].clusters.size
    measures = [Measure(component(c.metric.name), COMPONENTS, c.metric, frozenset(), None) for c in comparisons]
    names, gate = [one.metric.name for one in comparisons], component("non_inferior", margin=margin)
    policy = Policy(rules=tuple(Rule(name=name, gate=gate, metric=name) for name in names))
    gates = {name: NonInferior(NonInferiorSettings(margin=margin)) for name in names}
    ledger.append(policy)
    dataset = _append_examples(ledger, rows)
    candidate = _append_evaluation(ledger, dataset, "sha256:1", measures, [one.candidate for one in comparisons])
    champion = _append_evaluation(ledger, dataset, None, measures, [one.baseline for one in comparisons])
    return Stored(ledger, candidate, champion, policy, gates, measures)


def decide_stored(stored: Stored) -> Decision:
    """From rows in the ledger to verdicts."""
    ledger = stored.ledger
    candidate, champion = (fetch(ledger, one, Evaluation) for one in (stored.candidate, stored.champion))
    answered = responses_of(ledger, candidate)
    given = GateInput(
        side(ledger, candidate),
        {"champion": side(ledger, champion)},
        evaluation_rows(ledger, answered.dataset),
        stored.measures,
        earlier=earlier_looks(ledger, answered.dataset, stored.policy, ()),
    )
    return decide(stored.policy, stored.gates, given, stated=stored.policy.id, adapter="sha256:1", exploratory=False)


def _append_examples(ledger: Ledger, rows: int) -> str:
    table = examples_table(
        [
            Example(
                messages=(Message(role="user", content=f"question {row}"), Message(role="assistant", content="answer")),
                group=f"group {row}",
                source=f"bench:{row}",
            )
            for row in range(rows)
        ]
    )
    record = DatasetVersion(
        role="evaluation", sources=(), steps=(), rows=rows, groups=rows, mix={}, digest=columns_id(table)
    )
    return ledger.append(record, rows={"examples": table}).id


def _append_evaluation(
    ledger: Ledger, dataset: str, adapter: str | None, measures: Sequence[Measure], stats: Sequence[np.ndarray]
) -> str:
    rows = len(stats[0])
    answers = {
        "row": np.arange(rows),
        "example": [f"sha256:{row}" for row in range(rows)],
        "response": [f"answer {row}" for row in range(rows)],
        "finish": ["stop"] * rows,
    }
    responses = Responses(
        base="sha256:2",
        adapter=adapter,
        dataset=dataset,
        quantization=None,
        generation=None,
        rows=rows,
        digest=columns_id(answers),
        likelihoods=None,
        environment=None,
    )
    answered = ledger.append(responses, rows={"responses": answers}).id
    scored = np.ones(rows, dtype=np.bool_)
    measurements = [
        Measurement(
            name=measure.traits.name,
            metric=measure.component,
            components=COMPONENTS,
            scored=rows,
            rows=rows,
            value=float(measure.traits.aggregate(one.sum(axis=0))),
            digest=scores_id(one, scored),
        )
        for measure, one in zip(measures, stats, strict=True)
    ]
    types = {"TEXT": str, "BIGINT": np.int64, "DOUBLE": np.float64}
    findings = {name: np.empty(0, types[kind]) for name, kind in TABLES["findings"].items()}
    evaluation = Evaluation(
        responses=answered, measurements=tuple(measurements), scans=(), findings=columns_id(findings)
    )
    scores = scores_table([(index, one, scored) for index, one in enumerate(stats)])
    return ledger.append(evaluation, rows={"scores": scores, "findings": findings}).id
