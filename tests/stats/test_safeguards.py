import numpy as np
import pytest

from qlora_gov.plugin.specs import Comparison, MetricTraits
from qlora_gov.stats import DIFFERENCE, LOG_RATIO, estimate
from qlora_gov.stats.samples import Sample, effective_clusters
from tests.stats.comparisons import compare, perplexity

TRAITS = MetricTraits("perplexity", False, "relative", False, perplexity)


def weighed(worse, tokens):
    """Losses of rows of so many tokens: the candidate's are worse by so much a token."""
    baseline = 2 + np.random.default_rng(0).random(len(tokens))
    sides = (np.column_stack([losses * tokens, tokens]) for losses in (baseline + worse, baseline))
    return Comparison(TRAITS, *sides, np.arange(len(tokens)))


def width(comparison, contrast, methods):
    low, high = estimate(Comparison(**{**vars(comparison), "methods": methods}), contrast).interval(0.9)
    return high - low


def test_clusters_of_equal_weight_are_counted():
    assert effective_clusters(np.ones(20)) == 20
    assert effective_clusters(np.array([10.0, *[1.0] * 10])) == pytest.approx(400 / 110)


def test_the_weight_of_a_cluster_is_the_most_unequal_of_what_both_sides_count():
    rows, tokens, scores = np.full(4, 2.0), np.array([1.0, 2.0, 3.0, 4.0]), np.array([9.0, 1.0, 1.0, 1.0])
    sums = np.column_stack([scores, tokens, rows, scores[::-1], tokens, rows])
    sample = Sample(sums, np.sum, 8, rows)
    assert sample.weights.tolist() == tokens.tolist()


def test_few_clusters_of_equal_weight_bear_no_verdict():
    tokens = np.append(np.full(60, 10.0), np.full(2, 400.0))
    found = estimate(weighed(np.random.default_rng(1).normal(0, 0.1, 62), tokens), LOG_RATIO)
    assert found.caution.reason.startswith("62 clusters of rows weigh as 6.0")
    assert found.bounds(0.05) == (-np.inf, np.inf)
    assert found.caution.times == pytest.approx(10 / effective_clusters(tokens))


def test_a_bound_is_wider_where_weights_are_unequal():
    worse = np.random.default_rng(2).normal(0, 0.1, 120)
    equal, unequal = np.full(120, 20.0), np.where(np.arange(120) % 10, 10.0, 100.0)
    ratios = [
        width(weighed(worse, tokens), LOG_RATIO, 2) / width(weighed(worse, tokens), LOG_RATIO, 1)
        for tokens in (equal, unequal)
    ]
    assert 1 < ratios[0] < 1.1 < ratios[1]


def test_skewness_that_few_heavy_rows_hide_widens_the_bad_side():
    tokens = np.where(np.arange(200) % 10, 10.0, 100.0)
    worse = np.random.default_rng(3).lognormal(0, 1, 200) - np.exp(0.5)
    worse[tokens > 10] = np.random.default_rng(4).normal(0, 0.5, 20)  # the long tail is on light rows alone
    comparison = weighed(worse / 10, tokens)
    first, second = (estimate(Comparison(**{**vars(comparison), "methods": m}), LOG_RATIO) for m in (1, 2))
    assert second.interval(0.9)[1] - second.value > 1.3 * (first.interval(0.9)[1] - first.value)


def test_many_rows_of_equal_weight_lose_next_to_nothing():
    differences = np.random.default_rng(5).normal(0, 1, 1000)
    comparison = compare(differences, np.zeros(1000))
    assert width(comparison, DIFFERENCE, 2) == pytest.approx(width(comparison, DIFFERENCE, 1), rel=0.01)


def test_a_smaller_alpha_widens_by_the_square_of_its_quantile():
    comparison = compare(np.random.default_rng(6).normal(0, 1, 30), np.zeros(30))
    first, second = (estimate(Comparison(**{**vars(comparison), "methods": m}), DIFFERENCE) for m in (1, 2))
    ratio = {
        alpha: (second.value - second.bounds(alpha)[0]) / (first.value - first.bounds(alpha)[0])
        for alpha in (0.05, 0.0125)
    }
    assert 1.1 < ratio[0.05] < ratio[0.0125]
