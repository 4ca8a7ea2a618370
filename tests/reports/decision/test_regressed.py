import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qlora_gov.plugin.specs import Floats, ratio
from qlora_gov.reports.decision.regressed import regressed_rows


def mean(sums: Floats) -> Floats:
    return sums[..., 0] / sums[..., 1]  # warns where there is nothing to divide by, as a plugin's own may


def rows_of(
    candidate: list[float], baseline: list[float], *, higher_is_better: bool = True, most: int = 10
) -> list[int]:
    n = len(candidate)
    found = regressed_rows(
        np.column_stack([candidate, np.ones(n)]),
        np.column_stack([baseline, np.ones(n)]),
        mean,
        higher_is_better=higher_is_better,
        examples=[f"example {row}" for row in range(n)],
        sources=[f"data.jsonl:{row + 1}" for row in range(n)],
        most=most,
    )
    assert [(row.example, row.source) for row in found] == [
        (f"example {row.row}", f"data.jsonl:{row.row + 1}") for row in found
    ]
    assert [(row.candidate, row.baseline) for row in found] == [(candidate[r.row], baseline[r.row]) for r in found]
    return [row.row for row in found]


def test_the_worst_come_first_and_ties_by_number() -> None:
    assert rows_of([0.5, 0.0, 0.9, 0.0, 0.4], [0.6, 0.5, 0.2, 0.5, 0.4]) == [1, 3, 0]


def test_lower_is_better_turns_it_round() -> None:
    assert rows_of([0.5, 0.0, 0.9], [0.6, 0.5, 0.2], higher_is_better=False) == [2]


def test_no_more_than_asked_for() -> None:
    assert rows_of([0.0] * 20, [1.0] * 20) == list(range(10))
    assert rows_of([0.0] * 20, [1.0] * 20, most=3) == [0, 1, 2]
    assert rows_of([], []) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_without_a_finite_score_is_left_out(bad: float) -> None:
    assert rows_of([bad, 0.0, 0.1], [1.0, bad, 0.9]) == [2]


def test_a_row_with_nothing_to_divide_by_is_left_out_without_a_warning() -> None:
    stats = np.array([[1.0, 0.0], [0.0, 1.0]])
    found = regressed_rows(stats, stats + 1, mean, higher_is_better=True, examples=["a", "b"], sources=["x:1", "x:2"])
    assert [(row.example, row.candidate, row.baseline) for row in found] == [("b", 0.0, 0.5)]


COUNTS = arrays(np.float64, (12, 2), elements=st.sampled_from([0.0, 1.0, 2.0, 3.5, 7.0]))


@given(COUNTS, COUNTS)
def test_as_plain_sorting_says(candidate: Floats, baseline: Floats) -> None:
    labels = [str(row) for row in range(12)]
    found = regressed_rows(candidate, baseline, ratio, higher_is_better=True, examples=labels, sources=labels)
    loss = ratio(baseline) - ratio(candidate)
    expected = sorted((row for row in range(12) if 0 < loss[row] < np.inf), key=lambda row: (-loss[row], row))
    assert [row.row for row in found] == expected[:10]
