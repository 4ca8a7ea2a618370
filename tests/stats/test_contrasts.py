import math

import numpy as np
import pytest

from qlora_gov.stats import DIFFERENCE, LOG_RATIO, Caution, Estimate, Hypothesis, no_worse, scaled_difference


def estimate_of(low, high, caution=None):
    return Estimate((low + high) / 2, 1.0, "made up", 10, 10, lambda level: (low, high), caution)


@pytest.mark.parametrize(
    ("kind", "higher", "contrast", "limit", "above"),
    [
        ("absolute", True, "candidate - champion", -0.05, True),
        ("absolute", False, "candidate - champion", 0.05, False),
        ("relative", True, "candidate - 0.95 x champion", 0.0, True),
        ("relative", False, "log(candidate / champion)", math.log(1.05), False),
    ],
)
def test_a_margin_becomes_a_claim_on_the_right_side_of_its_limit(kind, higher, contrast, limit, above):
    hypothesis = no_worse(0.05, kind, higher)
    assert (hypothesis.contrast.words, hypothesis.above) == (contrast, above)
    assert hypothesis.limit == pytest.approx(limit)


@pytest.mark.parametrize("higher", [True, False])
def test_a_relative_margin_of_five_is_refused(higher):
    with pytest.raises(ValueError, match=r"share below 1, not 5; for 5% write 0\.05"):
        no_worse(5, "relative", higher)


def test_relative_contrasts_are_undefined_without_a_positive_champion():
    candidate, baseline = np.array([1.0, 1.0, 1.0]), np.array([2.0, 0.0, -1.0])
    assert np.isnan(scaled_difference(0.9).function(candidate, baseline)).tolist() == [False, True, True]
    assert np.isnan(LOG_RATIO.function(candidate, baseline)).tolist() == [False, True, True]


def test_a_claim_holds_and_fails_on_its_own_side():
    above, below = Hypothesis(DIFFERENCE, 0.0, above=True), Hypothesis(DIFFERENCE, 0.0, above=False)
    positive, negative, across = estimate_of(0.1, 0.3), estimate_of(-0.3, -0.1), estimate_of(-0.1, 0.1)
    assert [above.holds(one, 0.05) for one in (positive, negative, across)] == [True, False, False]
    assert [above.fails(one, 0.05) for one in (positive, negative, across)] == [False, True, False]
    assert [below.holds(one, 0.05) for one in (positive, negative, across)] == [False, True, False]
    assert [below.fails(one, 0.05) for one in (positive, negative, across)] == [True, False, False]


def test_a_caution_keeps_the_deciding_bounds_further_off_than_the_interval():
    doubtful = estimate_of(0.1, 0.3, Caution("few rows", 1.0, lambda alpha: 0.25))
    assert doubtful.bounds(0.05) == pytest.approx((-0.05, 0.45))
    assert not Hypothesis(DIFFERENCE, 0.0, above=True).holds(doubtful, 0.05)
    assert Hypothesis(DIFFERENCE, -0.1, above=True).holds(doubtful, 0.05)
    assert not Hypothesis(DIFFERENCE, 0.4, above=True).fails(doubtful, 0.05)


def test_a_caution_never_brings_a_bound_closer():
    assert estimate_of(0.1, 0.3, Caution("few rows", 1.0, lambda alpha: 0.01)).bounds(0.05) == (0.1, 0.3)
