"""Gathering what the machine-readable forms of a decision say, the worst rows of what did not pass among it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

import numpy as np

from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.decisions import overtaken
from qlora_gov.evidence.evaluations import responses_of, side
from qlora_gov.evidence.origins import origin
from qlora_gov.ledger.reading import fetch
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.sides import Side
from qlora_gov.project.environment import path_in_repository
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Absent, Adapter, DatasetVersion, Decision, Evaluation, Head, Outcome, Policy, Rule
from qlora_gov.records.example import Example
from qlora_gov.records.table import labels_of
from qlora_gov.reports.decision.regressed import RegressedRow, regressed_rows
from qlora_gov.reports.decision.report import DecisionReport, decision_report
from qlora_gov.stages.judged import measured, rows_where


def report_of(space: Workspace, decision: Decision, measures: Sequence[Measure]) -> DecisionReport:
    """The report of a decision; its rows are valued by those of the ``measures`` that it was made with."""
    ledger, entry = space.ledger, space.ledger.get(decision.id)
    evaluations = {who: fetch(ledger, id_, Evaluation) for who, id_ in decision.sides.items()}
    responses = {who: responses_of(ledger, evaluation) for who, evaluation in evaluations.items()}
    sides = {who: side(ledger, evaluation) for who, evaluation in evaluations.items()}
    examples = evaluation_rows(ledger, responses["candidate"].dataset)
    dataset = fetch(ledger, responses["candidate"].dataset, DatasetVersion)
    project = path_in_repository(space.root / space.file)

    def placed(row: RegressedRow) -> RegressedRow:
        file = origin(examples[row.row], dataset, space.root)
        return row.model_copy(update={"file": file and _beside(project, file)})

    policy = fetch(ledger, decision.policy, Policy)
    told = policy.purpose == "release" and decision.edition > 1  # what was written of older decisions stays
    return decision_report(
        decision,
        policy,
        adapter=fetch(ledger, decision.adapter, Adapter),
        candidate=responses["candidate"],
        champion=responses["champion"],
        reference=responses.get("reference"),
        evaluation_set=dataset,
        regressed={
            item.rule.name: tuple(map(placed, worst_rows(item.rule, sides, measures, examples)))
            for item in decision.verdicts
            if item.verdict.outcome is not Outcome.PASS
        },
        project=project,
        head=Head(seq=entry.seq, hash=entry.hash),
        overtaken=next(overtaken(ledger, decision), None) if told else None,
    )


def _beside(project: str, file: str) -> str | None:
    """A path from the project file's directory as one from the repository's root; None for a file outside of it."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(project), file))
    return None if path.startswith(("../", "/")) else path


def worst_rows(
    rule: Rule, sides: Mapping[str, Side], measures: Sequence[Measure], examples: Sequence[Example]
) -> tuple[RegressedRow, ...]:
    """The rows on which the candidate lost most under a rule; none where a side was not measured."""
    measure = next((one for one in measures if one.traits.name == rule.metric), None)
    if measure is None or rule.against not in sides:
        return ()
    labels = labels_of(examples)
    if not set(rule.where) <= set(labels):
        return ()
    judged, stats = rows_where(rule, labels, len(examples)), {}
    for who in ("candidate", rule.against):
        index, measurement = measured(sides[who].evaluation, measure)
        if measurement.digest is None or isinstance(measurement.value, Absent):
            return ()
        scores, scored = sides[who].scores(index)
        stats[who] = np.where((judged & scored)[:, None], scores, np.nan)
    return regressed_rows(
        stats["candidate"],
        stats[rule.against],
        measure.traits.aggregate,
        higher_is_better=measure.traits.higher_is_better,
        examples=[example.id for example in examples],
        sources=[example.source for example in examples],
    )
