import numpy as np
import pytest
from scipy.stats import binomtest

from qlora_gov.stats import VALUE, estimate
from qlora_gov.stats.rates import clopper_pearson, exact_rate
from tests.stats.comparisons import compare


@pytest.mark.parametrize(("hits", "rows"), [(0, 20), (3, 50), (50, 50), (17, 400)])
def test_it_is_the_exact_binomial_interval(hits, rows):
    expected = binomtest(hits, rows).proportion_ci(0.95, "exact")
    assert clopper_pearson(hits, rows, 0.95) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("rows", "bound"), [(100, 0.0295), (200, 0.0149), (298, 0.01000), (299, 0.00997)])
def test_no_hit_still_allows_a_rate(rows, bound):
    assert exact_rate(0, np.arange(rows)).interval(0.9)[1] == pytest.approx(bound, abs=5e-5)


def test_rows_of_one_cluster_count_once():
    clusters = np.repeat(np.arange(30), 10)
    found = exact_rate(0, clusters)
    assert (found.rows, found.clusters) == (300, 30)
    assert found.interval(0.9) == pytest.approx(clopper_pearson(0, 30, 0.9))
    assert "effective" in found.method


def test_a_large_cluster_leaves_fewer_effective_rows_than_clusters():
    clusters = np.array([0] * 50 + list(range(1, 51)))
    assert exact_rate(5, clusters).interval(0.9)[1] > clopper_pearson(0.05 * 51, 51, 0.9)[1]


def test_a_binary_metric_that_is_not_binary_is_withheld():
    assert "neither 0 nor 1" in estimate(compare([0.5] * 9, [1.0] * 9, binary=True), VALUE).reason
