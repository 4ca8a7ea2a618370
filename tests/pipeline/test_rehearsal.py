from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qlora_gov.errors import DataError
from qlora_gov.pipeline import rehearsal
from qlora_gov.pipeline.rehearsal import rehearse
from qlora_gov.plugin.measures import RATE_COMPONENTS, Measure
from qlora_gov.plugin.specs import EvaluatedRow, Finding, MetricTraits, Unread, ratio
from qlora_gov.records.example import Example
from qlora_gov.stages.evaluate import Detector
from tests.stages.toys import Quiet, component, example

ROWS = [example(f"q{at}", answer="yes" if at % 2 else "no", source=f"e.jsonl:{at + 1}") for at in range(40)]
NEEDS = frozenset({"response"})


class Rowwise:
    def __init__(self, score: Callable[[EvaluatedRow], Any], aggregate: Callable[[Any], Any] = ratio) -> None:
        self._score = score
        self.aggregate = aggregate
        self.seen = 0

    def score(self, rows: Sequence[EvaluatedRow]) -> Any:
        self.seen += len(rows)
        scores = [self._score(row) for row in rows]
        scored = np.array([score is not None for score in scores], dtype=bool)
        return np.array([[score or 0.0, 1.0] for score in scores], dtype=float).reshape(-1, 2), scored


def measure(metric: Rowwise, name: str = "mine") -> Measure:
    traits = MetricTraits(name, True, "absolute", False, metric.aggregate)
    return Measure(component(name), ("sum", "rows"), traits, NEEDS, metric)


class Says:
    def __init__(self, detect: Callable[[Sequence[str]], Any]) -> None:
        self.detect = detect


def detector(detect: Callable[[Sequence[str]], Any]) -> Detector:
    traits = MetricTraits("found_rate", False, "absolute", True, ratio)
    rate = Measure(component("found").rate, RATE_COMPONENTS, traits, NEEDS, None)
    return Detector(Says(detect), component("found"), rate, ("A",), (), frozenset({"A"}))


def rule(metric: str, **where: str) -> Any:
    return SimpleNamespace(metric=metric, where=where)


def bound(
    *measures: Measure, detectors: Sequence[Detector] = (), judged: Sequence[str] = ("mine", "found_rate")
) -> Any:
    return SimpleNamespace(
        release=SimpleNamespace(policy=SimpleNamespace(rules=[rule(name) for name in judged])),
        measures=SimpleNamespace(
            all=measures, guardrails=[SimpleNamespace(name=d.rate.traits.name) for d in detectors]
        ),
        detectors=lambda: detectors,
    )


def faults(*measures: Measure, **given: Any) -> list[str]:
    return rehearse(bound(*measures, **given), ROWS, Quiet())


def test_what_works_on_every_row_and_on_an_empty_answer_is_not_told() -> None:
    metric = Rowwise(lambda row: len(row.response or ""))
    assert faults(measure(metric)) == []
    assert metric.seen == 2 * (16 + 40)


def refuses(row: EvaluatedRow) -> float:
    raise DataError("no such score")


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (lambda row: 1 / len(row.response), "mine fails on an empty answer: the metric raised ZeroDivisionError: "),
        (
            lambda row: 1 / (row.example.source != "e.jsonl:38"),
            "mine fails on the reference answers: the metric raised ZeroDivisionError: division by zero "
            "(test_rehearsal.py, line",
        ),
        (lambda row: row.respons, "mine fails on the reference answers: the metric raised AttributeError: "),
        (lambda row: float("nan"), "mine fails on the reference answers: the metric returned a statistic that is not"),
        (lambda row: row.example.extra.update(a=1), "mine fails on the reference answers: the metric changed a row"),
        (refuses, "mine fails on the reference answers: no such score"),
        (lambda row: SystemExit(0) if 0 else exit(0), "mine fails on the reference answers: the metric raised SystemE"),
    ],
)
def test_what_fails_is_told_once_with_its_reason(score: Callable[[EvaluatedRow], Any], said: str) -> None:
    (fault,) = faults(measure(Rowwise(score)))
    assert fault.startswith(said)


def test_the_row_at_fault_is_named() -> None:
    (fault,) = faults(measure(Rowwise(lambda row: 1 / (row.example.source != "e.jsonl:38"))))
    assert fault.endswith(", for e.jsonl:38")


def test_an_aggregate_that_no_gate_could_use_is_told() -> None:
    metric = Rowwise(lambda row: 1.0, lambda sums: sums[0] / sums[1])
    (fault,) = faults(measure(metric))
    assert fault.startswith("mine fails on the reference answers: the metric's aggregate is not vectorised")


def test_what_a_metric_does_not_score_is_no_mistake() -> None:
    assert faults(measure(Rowwise(lambda row: None))) == []


def test_likelihoods_are_made_up_in_the_right_shape() -> None:
    metric = Rowwise(lambda row: row.loglikelihood.nll / row.loglikelihood.tokens + row.loglikelihood.bytes)
    assert faults(measure(metric)) == []


def test_what_the_policy_does_not_judge_is_not_tried() -> None:
    assert faults(measure(Rowwise(lambda row: 1 / 0)), judged=["another"]) == []


def test_a_guardrail_of_the_policy_is_tried_too() -> None:
    made_up = detector(lambda texts: [[Finding("B", 1.0, 0, 0)] if text == "no" else [] for text in texts])
    (fault,) = faults(detectors=[made_up])
    assert fault == (
        "found_rate fails on the reference answers: the guardrail reported the kind 'B', which it does not declare; "
        "declared: A, for e.jsonl:1"
    )
    (fault,) = faults(detectors=[detector(lambda texts: [[] if text else 1 / 0 for text in texts])])
    assert fault.startswith("found_rate fails on an empty answer: the guardrail raised ZeroDivisionError")


def test_who_takes_long_is_tried_on_a_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "_PATIENCE", 0.0)
    metric = Rowwise(lambda row: 1.0)
    assert faults(measure(metric)) == []
    assert metric.seen == 2 * 16


def test_an_empty_set_is_no_mistake() -> None:
    assert rehearse(bound(measure(Rowwise(lambda row: 1.0))), [], Quiet()) == []


class Selective(Rowwise):
    """Reads no row of a loan."""

    def unread(self, example: Example) -> Unread | None:
        return Unread("loans", "set loans: yes") if example.intent == "loan" else None


def test_rows_that_a_rule_judges_and_its_metric_does_not_read_are_told_once() -> None:
    rows = [example("a", intent="card"), example("b", intent="loan"), example("c", intent="loan")]
    metric = measure(Selective(lambda row: 1.0))
    project = bound(metric, judged=("mine", "mine"))
    said = "2 of 3 rows hold text that mine does not read (first: file:b, loans); set loans: yes"
    assert rehearse(project, rows, Quiet()) == [said]
    project.release.policy.rules = [rule("mine", intent="card"), rule("mine", nothing="x"), rule("answers")]
    assert rehearse(project, rows, Quiet()) == []
