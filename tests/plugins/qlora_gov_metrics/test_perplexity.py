"""Perplexity for each token and for each byte."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qlora_gov import LogLikelihood
from qlora_gov_metrics.perplexity import Perplexity

SEEN = [LogLikelihood(nll=6.0, tokens=3, bytes=12), LogLikelihood(nll=1.0, tokens=4, bytes=16)]


@pytest.mark.parametrize(("unit", "expected"), [("tokens", math.exp(7 / 7)), ("bytes", math.exp(7 / 28))])
def test_is_exp_of_nats_over_units_of_the_whole_corpus(make_row, unit, expected):
    metric = Perplexity(unit)
    stats, scored = metric.score([make_row(None, likelihood=seen) for seen in SEEN])
    assert scored.all()
    assert metric.aggregate(stats.sum(axis=0)) == pytest.approx(expected, rel=1e-12)


def test_a_row_without_likelihood_or_tokens_is_not_scored(make_row):
    rows = [make_row(None, likelihood=seen) for seen in (None, LogLikelihood(0.0, 0, 0), SEEN[0])]
    stats, scored = Perplexity("tokens").score(rows)
    assert scored.tolist() == [False, False, True]
    assert stats.shape == (3, 2)


def test_aggregate_is_vectorised_undefined_over_nothing_and_overflows_quietly():
    sums = np.array([[[7.0, 7], [0, 0]], [[2000, 1], [3, 6]]])
    assert Perplexity("tokens").aggregate(sums) == pytest.approx(
        np.array([[math.e, math.nan], [math.inf, math.exp(0.5)]]), nan_ok=True
    )


def test_no_rows():
    stats, scored = Perplexity("tokens").score([])
    assert stats.shape == (0, 2)
    assert scored.shape == (0,)
