"""Rouge-L against rouge-score itself."""

from __future__ import annotations

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from qlora_gov_metrics.rouge import RougeL, RougeLSettings


@pytest.mark.parametrize("stemmer", [False, True])
def test_equals_the_mean_of_rouge_score_over_any_rows(tatqa_rows, stemmer):
    metric = RougeL(RougeLSettings(stemmer=stemmer))
    scorer = RougeScorer(["rougeL"], use_stemmer=stemmer)
    expected = np.array([scorer.score(row.example.reference, row.response)["rougeL"].fmeasure for row in tatqa_rows])
    stats, scored = metric.score(tatqa_rows)
    assert scored.all()
    assert 0.2 < expected.mean() < 0.8  # the rows are neither all alike nor all different
    for part in (slice(None), slice(0, 7), slice(100, 250), slice(None, None, 3)):
        assert metric.aggregate(stats[part].sum(axis=0)) == pytest.approx(expected[part].mean(), abs=1e-9)


def test_the_stemmer_is_a_setting(make_row):
    row = make_row("transferring payments", "transferred payment")
    assert RougeL(RougeLSettings()).score_row(row) == 0
    assert RougeL(RougeLSettings(stemmer=True)).score_row(row) == 1


@pytest.mark.parametrize(
    ("response", "reference", "expected"),
    [
        ("", "an answer", 0),
        ("an answer", "", 0),
        ("", "", 0),
        ("资本有风险", "资本有风险", 0),
        ("Zins 4 €", "zins: 4", 1),
    ],
)
def test_empty_and_foreign_texts(make_row, response, reference, expected):
    assert RougeL(RougeLSettings()).score_row(make_row(response, reference)) == expected


def test_no_response_is_not_scored(make_row):
    stats, scored = RougeL(RougeLSettings()).score([make_row(None, "x"), make_row("x", "x")])
    assert scored.tolist() == [False, True]
    assert stats.shape == (2, 2)
