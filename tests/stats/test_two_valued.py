import numpy as np
import pytest

from qlora_gov.stats import DIFFERENCE, VALUE, Estimate, estimate, scaled_difference
from qlora_gov.stats.two_valued import as_two_values
from tests.stats.comparisons import compare, perplexity

RIGHT = (np.random.default_rng(0).random(80) > 0.2).astype(float)
OTHER = (np.random.default_rng(1).random(80) > 0.2).astype(float)


def test_what_two_values_say_is_known_without_a_declaration():
    declared, plain = (compare(RIGHT, OTHER, binary=binary) for binary in (True, False))
    for contrast in (VALUE, DIFFERENCE, scaled_difference(0.95)):
        assert estimate(plain, contrast).interval(0.9) == estimate(declared, contrast).interval(0.9)


@pytest.mark.parametrize("contrast", [VALUE, DIFFERENCE, scaled_difference(0.95)])
def test_a_score_of_100_is_one_of_1_in_other_units(contrast):
    shares, percent = estimate(compare(RIGHT, OTHER), contrast), estimate(compare(100 * RIGHT, 100 * OTHER), contrast)
    assert percent.method == shares.method
    assert percent.value == pytest.approx(100 * shares.value)
    assert percent.standard_error == pytest.approx(100 * shares.standard_error)
    assert percent.interval(0.9) == pytest.approx([100 * end for end in shares.interval(0.9)])


def test_a_value_between_two_marks_keeps_its_place():
    marks, shares = estimate(compare(2 + 3 * RIGHT, OTHER * 3 + 2), VALUE), estimate(compare(RIGHT, OTHER), VALUE)
    assert marks.interval(0.9) == pytest.approx([2 + 3 * end for end in shares.interval(0.9)])


@pytest.mark.parametrize("baseline", [np.ones(60), np.append(np.ones(59), 2), np.append(np.ones(59), 0)])
def test_a_candidate_that_says_one_thing_throughout_has_no_interval_whatever_the_baseline_says(baseline):
    """Of a rubric of 0, 1 and 2, rows that all have 1 do not show how often there is a 0."""
    assert not isinstance(estimate(compare(np.ones(60), baseline), VALUE), Estimate)
    assert isinstance(estimate(compare(np.ones(60), np.ones(60), binary=True), VALUE), Estimate)


@pytest.mark.parametrize(
    "comparison",
    [
        compare(np.append(RIGHT, 0.5), np.append(OTHER, 0.5)),
        compare(np.ones(80), np.zeros(80)),
        compare(np.ones(80), np.ones(80)),
        compare(RIGHT, OTHER, aggregate=perplexity),
    ],
    ids=["three values", "no side has both", "one value", "not the mean"],
)
def test_anything_else_is_not_read_so(comparison):
    assert as_two_values(comparison) is None
