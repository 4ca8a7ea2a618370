import numpy as np
import pytest

from qlora_gov.records import DetectorErrors
from qlora_gov.stats import Estimate, Withheld, corrected_rate


def errors(found, present, spared, absent, measured_on="x"):
    return DetectorErrors(found=found, present=present, spared=spared, absent=absent, measured_on=measured_on)


LEXICAL = errors(240, 500, 480, 500, "a labelled sample")


def test_the_rate_is_that_of_rogan_and_gladen():
    found = corrected_rate(60, np.arange(500), LEXICAL)
    assert found.value == pytest.approx((0.12 + 0.96 - 1) / (0.48 + 0.96 - 1))


def test_a_detector_without_errors_that_was_tested_forever_leaves_the_rate_alone():
    found = corrected_rate(30, np.arange(1000), errors(10**9, 10**9, 10**9, 10**9))
    assert found.value == pytest.approx(0.03)
    assert found.interval(0.95) == pytest.approx((0.021, 0.043), abs=2e-3)


def test_rows_of_one_cluster_count_once():
    found = corrected_rate(60, np.repeat(np.arange(50), 10), LEXICAL)
    independent = corrected_rate(6, np.arange(50), LEXICAL)
    assert (found.rows, found.clusters) == (500, 50)
    assert (found.value, *found.interval(0.95)) == pytest.approx((independent.value, *independent.interval(0.95)))
    assert (found.method, independent.method) == (
        "Lang-Reiczigel on the effective number of clusters",
        "Lang-Reiczigel",
    )


def test_below_its_floor_it_says_so_and_where_the_errors_were_measured():
    found = corrected_rate(10, np.repeat(np.arange(250), 2), LEXICAL)
    assert found == Withheld(
        "below the detector's floor: it flags 4.00% by mistake (measured on a labelled sample)", 500, 250
    )


@pytest.mark.parametrize("detector", [errors(50, 100, 50, 100), errors(1, 1, 1, 100)])
def test_a_detector_that_guesses_or_was_hardly_tested_corrects_nothing(detector):
    assert "told nothing apart" in corrected_rate(60, np.arange(100), detector).reason


def test_no_rows_have_no_rate():
    assert corrected_rate(0, np.arange(0), LEXICAL) == Withheld("there are no rows", 0, 0)


def test_its_interval_covers_with_the_errors_measured_anew_each_time():
    generator, truth, covered, given = np.random.default_rng(1), 0.2, 0, 0
    for _ in range(1500):
        detector = errors(int(generator.binomial(150, 0.7)), 150, int(generator.binomial(200, 0.9)), 200)
        found = corrected_rate(generator.binomial(400, truth * 0.7 + (1 - truth) * 0.1), np.arange(400), detector)
        if isinstance(found, Estimate):
            low, high = found.interval(0.95)
            given, covered = given + 1, covered + (low <= truth <= high)
    assert given > 1400
    assert 0.935 <= covered / given <= 0.97
