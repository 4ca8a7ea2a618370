import math

import numpy as np
import pytest

from qlora_gov.stats import LOG_RATIO, Withheld, scaled_difference
from qlora_gov.stats.paired_ratio import Pairs, _restricted, exact_paired_ratio, ratio_interval


@pytest.mark.parametrize(
    ("both", "gained", "lost", "ratio"), [(51, 5, 4, 0.63), (39, 8, 4, 1.18), (17, 7, 6, 1.29), (50, 1, 0, 1.03)]
)
def test_the_restricted_proportions_are_the_likeliest(both, gained, lost, ratio):
    every = both + gained + lost
    losing = np.linspace(max(1 - ratio, 0), 1 / (1 + ratio), 200_001)[1:-1]
    gaining = (losing - (1 - ratio)) / ratio
    logs = both * np.log(1 - losing - gaining) + gained * np.log(gaining) + lost * np.log(losing)
    assert _restricted(both, gained, lost, ratio)[1] / every == pytest.approx(losing[logs.argmax()], abs=1e-4)


@pytest.mark.parametrize(
    ("right", "turned", "margin", "rows"),
    [
        (0.5, 0.002, 0.02, 50),
        (0.5, 0.01, 0.02, 50),
        (0.8, 0.002, 0.05, 100),
        (0.95, 0.0, 0.1, 60),
        (0.3, 0.02, 0.1, 50),
    ],
)
def test_no_true_loss_of_the_margin_passes_too_often(right, turned, margin, rows):
    """Where few rows differ the bootstrap passes up to .55 of the time."""
    lost = turned + margin * right
    draws = np.random.default_rng(1).multinomial(rows, [right - lost, turned, lost, 1 - right - turned], size=20_000)
    tables, counts = np.unique(draws[:, :3], axis=0, return_counts=True)
    kept = counts > 1  # the rest is rare, and counts as if it passed
    passing = [ratio_interval(Pairs(*map(int, table), rows), 0.9)[0] > 1 - margin for table in tables[kept]]
    assert (counts[kept][passing].sum() + counts[~kept].sum()) / 20_000 < 0.06


def test_the_interval_of_a_scaled_difference_lies_beside_zero_as_the_ratio_does_beside_the_factor():
    pairs = Pairs(150, 2, 4, 200)
    low, high = ratio_interval(pairs, 0.9)
    found = exact_paired_ratio(pairs, scaled_difference(0.95))
    assert found.value == pytest.approx(0.76 - 0.95 * 0.77)
    assert found.interval(0.9) == pytest.approx(((low - 0.95) * 0.77, (high - 0.95) * 0.77))
    assert exact_paired_ratio(pairs, LOG_RATIO).interval(0.9) == pytest.approx((math.log(low), math.log(high)))


def test_swapping_the_sides_inverts_the_ratio():
    low, high = ratio_interval(Pairs(90, 3, 6, 120), 0.95)
    assert ratio_interval(Pairs(90, 6, 3, 120), 0.95) == pytest.approx((1 / high, 1 / low))


def test_a_baseline_that_is_never_right_has_no_ratio():
    found = exact_paired_ratio(Pairs(0, 5, 0, 50), scaled_difference(0.95))
    assert isinstance(found, Withheld)
    assert "undefined" in found.reason


def test_a_candidate_that_is_never_right_is_shown_to_be_worse():
    found = exact_paired_ratio(Pairs(0, 0, 30, 50), scaled_difference(0.95))
    assert found.interval(0.9)[1] < 0


def test_beyond_a_hundred_rows_that_differ_the_score_is_taken_as_normal():
    assert exact_paired_ratio(Pairs(500, 50, 50, 1000), LOG_RATIO).method == "exact paired score of the ratio"
    assert exact_paired_ratio(Pairs(500, 50, 51, 1000), LOG_RATIO).method == "paired score of the ratio"
