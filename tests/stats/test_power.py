import numpy as np
import pytest
from scipy.stats import binom

from qlora_gov.stats import DIFFERENCE, detectable, estimate, rows_for_rate, rows_needed
from qlora_gov.stats.rates import clopper_pearson
from tests.stats.comparisons import compare


def test_the_playbooks_review_takes_about_500_rows():
    champion = np.array([1.0] * 20 + [0.0] * 20 + [1.0] * 160)
    candidate = np.array([0.0] * 20 + [1.0] * 20 + [1.0] * 160)
    found = estimate(compare(candidate, champion, binary=True), DIFFERENCE)
    assert 490 <= rows_needed(found, 0.05, 0.05) <= 510


def test_the_rows_needed_detect_the_distance_that_they_were_asked_for():
    found = estimate(compare(np.random.default_rng(0).normal(size=100), np.zeros(100)), DIFFERENCE)
    assert rows_needed(found, detectable(found, 0.05), 0.05) == pytest.approx(100, abs=1)
    assert rows_needed(found, detectable(found, 0.05) / 2, 0.05) == pytest.approx(400, abs=1)


def test_no_distance_takes_no_number_of_rows():
    found = estimate(compare(np.random.default_rng(0).normal(size=100), np.zeros(100)), DIFFERENCE)
    assert rows_needed(found, 0.0, 0.05) is None


def test_a_limit_of_one_percent_takes_299_clean_rows():
    assert rows_for_rate(0.01, 0.0, 0.05) == 299


def test_the_planned_rows_show_the_rate_with_the_planned_chance():
    rows = rows_for_rate(0.05, 0.02, 0.05)
    most = max(hits for hits in range(rows) if clopper_pearson(hits, rows, 0.9)[1] < 0.05)
    assert binom(rows, 0.02).cdf(most) >= 0.8


@pytest.mark.parametrize("rate", [0.01, 0.02, 0.00999])
def test_a_rate_at_its_limit_is_never_shown(rate):
    assert rows_for_rate(0.01, rate, 0.05) is None
