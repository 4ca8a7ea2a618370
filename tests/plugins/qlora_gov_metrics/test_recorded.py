"""Scores that another tool recorded."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

import qlora_gov_metrics
from qlora_gov import DataError, EvaluatedRow
from qlora_gov_metrics.recorded import RecordedMean, RecordedRate, RecordedSettings


@pytest.fixture
def rows(make_row):
    """Rows with the given scores under one name."""

    def make(*scores: float | None, name: str = "gsm8k/exact_match") -> list[EvaluatedRow]:
        example = make_row("", "a").example
        return [EvaluatedRow(example, recorded={} if score is None else {name: score}) for score in scores]

    return make


SETTINGS = RecordedSettings(score="gsm8k/exact_match")


def test_the_value_is_the_mean_over_the_rows_that_have_the_score(rows):
    metric = RecordedMean(SETTINGS)
    stats, scored = metric.score(rows(0.25, None, 0.75))
    assert scored.tolist() == [True, False, True]
    assert metric.aggregate(stats[scored].sum(axis=0)) == 0.5


def test_a_rate_takes_nothing_but_0_and_1(rows):
    metric = RecordedRate(SETTINGS)
    stats, scored = metric.score(rows(0.0, 1.0, 1.0, None))
    assert metric.aggregate(stats[scored].sum(axis=0)) == pytest.approx(2 / 3)
    for score in (0.5, -1.0, math.nan):
        with pytest.raises(DataError, match=r"rows.jsonl:1: gsm8k/exact_match is .*; measure it as recorded_mean"):
            metric.score(rows(1.0, score))


@pytest.mark.parametrize("metric", [RecordedMean, RecordedRate])
def test_a_name_that_no_row_has_names_the_nearest(rows, metric):
    others = [*rows(1.0, name="gsm8k/exact_match,strict"), *rows(1.0, name="pick/acc")]
    with pytest.raises(DataError) as caught:
        metric(SETTINGS).score(others)
    assert str(caught.value) == (
        "no row has a recorded score named 'gsm8k/exact_match'; recorded are gsm8k/exact_match,strict"
    )
    with pytest.raises(DataError, match=r"recorded are pick/acc$"):
        metric(SETTINGS).score(rows(1.0, name="pick/acc"))
    with pytest.raises(DataError, match="nothing is recorded; was it imported"):
        metric(SETTINGS).score(rows(None))


@pytest.mark.parametrize("metric", [RecordedMean, RecordedRate])
def test_a_score_that_was_left_out_of_the_log_says_why(rows, metric):
    notes = ("pick/acc: left out, no number in 2 rows", "gsm8k/exact_match: left out, not finite in 2 rows", "a note")
    left_out = [replace(row, notes=notes) for row in (*rows(None), *rows(1.0, name="pick/acc"))]
    with pytest.raises(DataError) as caught:
        metric(SETTINGS).score(left_out)
    said = "no row has a recorded score named 'gsm8k/exact_match': left out, not finite in 2 rows"
    assert str(caught.value) == said


def test_no_rows_are_no_error(rows):
    stats, scored = RecordedMean(SETTINGS).score(rows())
    assert stats.shape == (0, 2)
    assert scored.shape == (0,)


def test_the_three_specs_differ_in_what_a_gate_must_know():
    specs = {spec.name: spec for spec in qlora_gov_metrics.qlora_gov_metrics() if spec.name.startswith("recorded_")}
    assert {name: (spec.binary, spec.higher_is_better, spec.margin) for name, spec in specs.items()} == {
        "recorded_rate": (True, True, "absolute"),
        "recorded_mean": (False, True, "absolute"),
        "recorded_loss": (False, False, "relative"),
    }
    assert all(spec.needs == frozenset() for spec in specs.values())
