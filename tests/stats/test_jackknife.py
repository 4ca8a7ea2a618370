import numpy as np
import pytest

from qlora_gov.stats.jackknife import Jackknife, jackknifed
from tests.stats.comparisons import mean


def test_for_a_mean_it_is_the_usual_standard_error():
    values = np.random.default_rng(0).normal(size=30)
    found = jackknifed(np.column_stack([values, np.ones(30)]), mean)
    assert found.value == pytest.approx(values.mean())
    assert found.influence == pytest.approx(values - values.mean())
    assert found.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(30))


def test_for_a_ratio_it_agrees_with_the_delta_method():
    generator = np.random.default_rng(1)
    tokens = generator.integers(5, 50, 2000).astype(float)
    losses = tokens * generator.normal(2, 0.5, 2000)
    residuals = losses - losses.sum() / tokens.sum() * tokens
    expected = np.sqrt(np.square(residuals).sum()) / tokens.sum()
    assert jackknifed(np.column_stack([losses, tokens]), mean).standard_error == pytest.approx(expected, rel=2e-3)


def test_rounding_errors_of_a_constant_are_no_spread():
    sums = np.column_stack([np.full(50, 0.1) * np.arange(1, 51), np.arange(1.0, 51.0)])
    assert not jackknifed(sums, mean).influence.any()


def test_skew_is_skewness_over_the_root_of_the_clusters():
    influence = np.array([-1.0] * 9 + [9.0])
    skewness = (influence**3).mean() / (influence**2).mean() ** 1.5
    assert Jackknife(0.0, influence).skew == pytest.approx(skewness / np.sqrt(10))


def test_clusters_that_all_say_the_same_inform_once():
    assert Jackknife(0.0, np.array([-0.1] * 10 + [0.4, 0.6])).informative == 3
    assert Jackknife(0.0, np.array([-0.3, 0.1, 0.2])).informative == 3
