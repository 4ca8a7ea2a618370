import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlora_gov.records import Absent
from qlora_gov.stats import DIFFERENCE, LOG_RATIO, VALUE, Estimate, estimate, scaled_difference, value_of
from tests.stats.comparisons import compare, perplexity

SCORES = np.random.default_rng(0).random(60)
HITS = (SCORES > 0.3).astype(float)


@pytest.mark.parametrize(
    ("comparison", "contrast", "method"),
    [
        (compare(SCORES, 1 - SCORES), DIFFERENCE, "studentised cluster bootstrap"),
        (compare(HITS, 1 - HITS, binary=True), DIFFERENCE, "exact paired score"),
        (compare(np.tile(HITS, 2), np.tile(1 - HITS, 2), binary=True), DIFFERENCE, "paired score"),
        (compare(HITS, 1 - HITS, binary=True, methods=1), DIFFERENCE, "paired score"),
        (compare(HITS[:40], 1 - HITS[:40], binary=True, methods=1), DIFFERENCE, "exact paired score"),
        (compare(HITS, HITS[::-1], np.arange(60) // 2, binary=True), DIFFERENCE, "studentised cluster bootstrap"),
        (compare(HITS, HITS, binary=True), VALUE, "exact binomial"),
        (compare(HITS, HITS[::-1], binary=True), scaled_difference(0.9), "exact paired score of the ratio"),
        (compare(HITS, HITS[::-1], binary=True, methods=1), scaled_difference(0.9), "studentised cluster bootstrap"),
        (compare(HITS, HITS[::-1]), scaled_difference(0.9), "exact paired score of the ratio"),
        (compare(HITS, HITS[::-1]), LOG_RATIO, "exact paired score of the ratio"),
        (compare(HITS, HITS[::-1]), DIFFERENCE, "exact paired score"),
        (compare(HITS, HITS[::-1], methods=1), DIFFERENCE, "studentised cluster bootstrap"),
        (compare(HITS + 1, HITS[::-1] + 1), scaled_difference(0.9), "studentised cluster bootstrap"),
        (compare(HITS, HITS[::-1], aggregate=perplexity), DIFFERENCE, "studentised cluster bootstrap"),
        (compare(HITS, HITS), VALUE, "exact binomial"),
        (compare(SCORES, SCORES), VALUE, "studentised cluster bootstrap"),
    ],
)
def test_each_question_has_its_method(comparison, contrast, method):
    assert estimate(comparison, contrast).method == method


@given(st.randoms(use_true_random=False), st.booleans(), st.booleans())
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_never_matters(random, binary, clustered):
    order = random.sample(range(60), 60)
    clusters = np.arange(60) // (3 if clustered else 1)
    candidate, baseline = (HITS, 1 - HITS) if binary else (SCORES, np.roll(SCORES, 7))
    first = estimate(compare(candidate, baseline, clusters, binary=binary), DIFFERENCE)
    second = estimate(compare(candidate[order], baseline[order], clusters[order], binary=binary), DIFFERENCE)
    assert isinstance(first, Estimate)
    assert (first.value, first.interval(0.95)) == (second.value, second.interval(0.95))


def test_a_value_is_that_of_the_sums_or_absent_with_a_reason():
    comparison = compare([0.0, 1.0], [1.0, 1.0])
    assert value_of(comparison.candidate, comparison.metric) == 0.5
    assert value_of(comparison.candidate[:0], comparison.metric) == Absent(absent="no rows")
    assert value_of(np.zeros((3, 2)), comparison.metric) == Absent(absent="undefined on these rows")


def test_the_statistics_load_neither_scipy_stats_nor_torch():
    code = (
        "import sys, qlora_gov.stats; print([m for m in ('scipy.stats', 'torch', 'statsmodels') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
