import numpy as np
import pytest

from qlora_gov.stats import DetectorErrors, Estimate, Withheld, corrected_rate

LEXICAL = DetectorErrors(found=240, present=500, spared=480, absent=500, measured_on="a labelled sample")


def test_the_rate_is_that_of_rogan_and_gladen():
    found = corrected_rate(60, 500, LEXICAL)
    assert found.value == pytest.approx((0.12 + 0.96 - 1) / (0.48 + 0.96 - 1))


def test_a_detector_without_errors_that_was_tested_forever_leaves_the_rate_alone():
    perfect = DetectorErrors(found=10**9, present=10**9, spared=10**9, absent=10**9, measured_on="x")
    found = corrected_rate(30, 1000, perfect)
    assert found.value == pytest.approx(0.03)
    assert found.interval(0.95) == pytest.approx((0.021, 0.043), abs=2e-3)


def test_below_its_floor_it_says_so_and_where_the_errors_were_measured():
    found = corrected_rate(10, 500, LEXICAL)
    assert isinstance(found, Withheld)
    assert found.reason == "below the detector's floor: it flags 4.00% by mistake (measured on a labelled sample)"


def test_a_detector_that_guesses_corrects_nothing():
    guess = DetectorErrors(found=50, present=100, spared=50, absent=100, measured_on="x")
    assert "told nothing apart" in corrected_rate(60, 100, guess).reason


def test_its_interval_covers_with_the_errors_measured_anew_each_time():
    generator, truth, covered, given = np.random.default_rng(1), 0.2, 0, 0
    for _ in range(1500):
        detector = DetectorErrors(generator.binomial(150, 0.7), 150, generator.binomial(200, 0.9), 200, "x")
        found = corrected_rate(generator.binomial(400, truth * 0.7 + (1 - truth) * 0.1), 400, detector)
        if isinstance(found, Estimate):
            low, high = found.interval(0.95)
            given, covered = given + 1, covered + (low <= truth <= high)
    assert given > 1400
    assert 0.935 <= covered / given <= 0.97
