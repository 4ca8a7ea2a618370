import numpy as np
import pytest
from scipy.stats import binom

from qlora_gov.stats import DIFFERENCE, detectable, estimate, rows_for_rate, rows_needed
from qlora_gov.stats.rates import clopper_pearson
from tests.stats.comparisons import compare


def test_the_playbooks_review_takes_about_500_rows():
    baseline = np.array([1.0] * 20 + [0.0] * 20 + [1.0] * 160)
    candidate = np.array([0.0] * 20 + [1.0] * 20 + [1.0] * 160)
    found = estimate(compare(candidate, baseline, binary=True), DIFFERENCE)
    assert 490 <= rows_needed(found, 0.05, 0.05) <= 510


def test_the_rows_needed_detect_the_distance_that_they_were_asked_for():
    found = estimate(compare(np.random.default_rng(0).normal(size=100), np.zeros(100)), DIFFERENCE)
    assert rows_needed(found, detectable(found, 0.05), 0.05) == pytest.approx(100, abs=1)
    assert rows_needed(found, detectable(found, 0.05) / 2, 0.05) == pytest.approx(400, abs=1)


@pytest.mark.parametrize("distance", [0.0, 1e-9, -1e-9, 1e-300])
def test_no_distance_or_hardly_any_takes_no_number_of_rows(distance):
    found = estimate(compare(np.random.default_rng(0).normal(size=100), np.zeros(100)), DIFFERENCE)
    assert rows_needed(found, distance, 0.05) is None


def freed_by(rows, scores):
    """Whether at least so many rows like these, in whole copies, are free of the caution, and one copy less is not."""
    copies = -(-rows // scores.size)
    cautions = [
        estimate(compare(np.tile(scores, times), np.zeros(times * scores.size)), DIFFERENCE).caution
        for times in (copies - 1, copies)
    ]
    return cautions[0] is not None and cautions[1] is None


def test_under_a_caution_these_rows_show_less_and_the_needed_ones_are_free_of_it():
    scores = np.append(np.linspace(-0.1, 0.1, 99), 1.0)
    found = estimate(compare(scores, np.zeros(100)), DIFFERENCE)
    assert found.caution is not None
    assert detectable(found, 0.05) == pytest.approx((np.sqrt(19) + 0.8416) * found.standard_error, rel=1e-4)
    assert freed_by(rows_needed(found, 10.0, 0.05), scores)


@pytest.mark.parametrize("scores", [[1.0, -1.0], [1.0, 1.0, -1.0], [1.0, 0.5]])
def test_where_all_but_few_rows_say_the_same_the_needed_ones_hold_enough_that_differ(scores):
    scores = np.array([*scores, *[0.0] * 38])
    found = estimate(compare(scores, np.zeros(scores.size)), DIFFERENCE)
    assert np.isinf(detectable(found, 0.05))
    assert freed_by(rows_needed(found, 10.0, 0.05), scores)


def test_a_limit_of_one_percent_takes_299_clean_rows():
    assert rows_for_rate(0.01, 0.0, 0.05) == 299


def test_the_planned_rows_show_the_rate_with_the_planned_chance():
    rows = rows_for_rate(0.05, 0.02, 0.05)
    most = max(hits for hits in range(rows) if clopper_pearson(hits, rows, 0.9)[1] < 0.05)
    assert binom(rows, 0.02).cdf(most) >= 0.8


@pytest.mark.parametrize(("limit", "rate"), [(0.01, 0.01), (0.01, 0.02), (0.01, 0.00999), (1e-12, 0.0), (5e-324, 0.0)])
def test_a_rate_at_its_limit_or_a_limit_at_nothing_is_never_shown(limit, rate):
    assert rows_for_rate(limit, rate, 0.05) is None
