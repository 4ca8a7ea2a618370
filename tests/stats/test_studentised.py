import numpy as np
import pytest
from scipy import stats as reference

from qlora_gov.stats import DIFFERENCE, LOG_RATIO, VALUE, Estimate, Withheld, estimate, estimate_all, scaled_difference
from tests.stats.comparisons import compare, perplexity

NORMAL = np.random.default_rng(3).normal(0.1, 1, 200)


def test_for_symmetric_differences_it_is_close_to_the_t_interval():
    found = estimate(compare(NORMAL, np.zeros(200)), DIFFERENCE)
    expected = reference.ttest_1samp(NORMAL, 0).confidence_interval(0.95)
    assert found.interval(0.95) == pytest.approx((expected.low, expected.high), abs=0.012)
    assert found.standard_error == pytest.approx(reference.sem(NORMAL))


def test_for_skewed_differences_the_long_side_is_longer_than_that_of_t():
    skewed = np.random.default_rng(4).lognormal(0, 0.7, 100)
    found = estimate(compare(skewed, np.zeros(100)), DIFFERENCE)
    high = found.interval(0.9)[1]
    half = reference.t.ppf(0.95, 99) * found.standard_error
    assert high - found.value > 1.1 * half
    assert found.caution is None


def test_it_covers_skewed_means_that_t_does_not():
    generator = np.random.default_rng(5)
    truth, misses, t_misses = np.exp(0.5), 0, 0
    for _ in range(300):
        losses = generator.lognormal(0, 1, 100)
        found = estimate(compare(losses, np.zeros(100)), DIFFERENCE)
        misses += found.interval(0.9)[1] < truth
        t_misses += found.value + reference.t.ppf(0.95, 99) * found.standard_error < truth
    assert misses / 300 < 0.08 < t_misses / 300


def test_swapping_the_sides_turns_the_interval_round():
    other = np.random.default_rng(6).lognormal(size=200)
    low, high = estimate(compare(other, NORMAL), DIFFERENCE).interval(0.95)
    turned = estimate(compare(NORMAL, other), DIFFERENCE).interval(0.95)
    # The draws are not the mirrored ones, so the two agree to the error of the resampling.
    assert turned == pytest.approx((-high, -low), abs=0.02)


def test_repeating_every_row_within_its_cluster_changes_nothing():
    once = estimate(compare(NORMAL, np.zeros(200)), DIFFERENCE)
    thrice = estimate(compare(np.repeat(NORMAL, 3), np.zeros(600), np.repeat(np.arange(200), 3)), DIFFERENCE)
    assert (thrice.rows, thrice.clusters) == (600, 200)
    assert thrice.interval(0.95) == pytest.approx(once.interval(0.95))


def test_a_ratio_of_perplexities_is_the_difference_of_mean_losses():
    losses = np.abs(NORMAL) + 1
    ratio = estimate(compare(losses * 1.1, losses, aggregate=perplexity), LOG_RATIO)
    difference = estimate(compare(losses * 1.1, losses), DIFFERENCE)
    assert ratio.interval(0.95) == pytest.approx(difference.interval(0.95))


def test_together_or_alone_the_answers_are_the_same():
    questions = [
        (compare(NORMAL, np.zeros(200)), DIFFERENCE),
        (compare(NORMAL > 0, NORMAL > 1, binary=True), DIFFERENCE),
        (compare(NORMAL[:50], np.zeros(50)), DIFFERENCE),
        (compare(NORMAL + 3, np.ones(200)), VALUE),
        (compare(NORMAL[:3], np.zeros(3)), DIFFERENCE),
    ]
    together = estimate_all(questions)
    for found, alone in zip(together, [estimate(*question) for question in questions], strict=True):
        assert type(found) is type(alone)
        if isinstance(found, Estimate):
            assert found.interval(0.95) == pytest.approx(alone.interval(0.95))


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ([0.1, 0.5, 0.3, 0.2], "of 5 independent clusters of rows that it takes there are 4"),
        ([0.25] * 30, "every cluster of rows says the same"),
        ([0.1, 0.2, 0.3, 0.4, float("nan")], "a row's score is not finite"),
        ([], "there are no rows"),
    ],
)
def test_where_no_interval_can_be_had_it_is_withheld_with_a_reason(scores, reason):
    found = estimate(compare(scores, np.zeros(len(scores))), DIFFERENCE)
    assert isinstance(found, Withheld)
    assert reason in found.reason


def test_a_relative_contrast_with_a_champion_that_may_be_zero_is_withheld():
    baseline = np.array([1.0] + [0.0] * 29)
    found = estimate(compare(np.random.default_rng(7).random(30), baseline), scaled_difference(0.95))
    assert isinstance(found, Withheld)
    assert "undefined" in found.reason


def test_where_few_rows_decide_a_bound_is_cantellis():
    found = estimate(compare([*np.linspace(-0.1, 0.1, 99), 5.0], np.zeros(100)), DIFFERENCE)
    assert "a few rows decide it" in found.caution.reason
    assert found.bounds(0.05)[0] == pytest.approx(found.value - np.sqrt(19) * found.standard_error)


def test_where_all_but_few_say_the_same_nothing_is_bounded():
    found = estimate(compare([1.0, -1.0] + [0.0] * 98, np.zeros(100)), DIFFERENCE)
    assert found.caution.reason == "all but 2 of 100 clusters of rows say the same"
    assert found.bounds(0.05) == (-np.inf, np.inf)
