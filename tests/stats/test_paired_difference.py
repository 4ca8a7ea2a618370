import numpy as np
import pytest
from scipy import stats as reference

from qlora_gov.stats.paired_binary import exact_p, paired_score
from qlora_gov.stats.paired_difference import exact_paired_score


def passes(rows, margin, most):
    """The tables of up to ``most`` discordant rows by which no loss of the margin is left possible."""
    tables = [(gained, lost) for gained in range(most + 1) for lost in range(most + 1 - gained)]
    return [(*one, rows - sum(one)) for one in tables if exact_paired_score(*one, rows).bounds(0.05)[0] > -margin]


@pytest.mark.parametrize(("rows", "margin"), [(20, 0.05), (51, 0.0515), (200, 0.0136)])
def test_no_true_loss_of_the_margin_passes_too_often(rows, margin):
    """Just above z^2 / (n + z^2) the score alone passes .072 and .068 of the time."""
    passing = np.array(passes(rows, margin, 20))
    for share in margin + (0.4 * 20 / rows - margin) * np.linspace(0, 1, 25) ** 2:
        chances = [(share - margin) / 2, (share + margin) / 2, 1 - share]
        assert reference.multinomial(rows, chances).pmf(passing).sum() <= 0.052


@pytest.mark.parametrize("rows", [20, 200, 1000])
def test_with_no_discordant_row_the_bound_is_that_of_a_rate_of_none(rows):
    assert exact_paired_score(0, 0, rows).bounds(0.05)[0] == pytest.approx(-(1 - 0.05 ** (1 / rows)), rel=2e-3)


@pytest.mark.parametrize(("gained", "lost", "rows"), [(3, 1, 40), (0, 5, 50), (7, 7, 30)])
def test_its_bound_is_where_enumeration_has_the_chance(gained, lost, rows):
    low = exact_paired_score(gained, lost, rows).bounds(0.05)[0]
    assert exact_p(gained, lost, rows, low) == pytest.approx(0.05, abs=0.004)


@pytest.mark.parametrize(("gained", "lost", "rows"), [(6, 8, 200), (40, 50, 1000), (30, 10, 120)])
def test_with_more_of_them_it_comes_close_to_the_normal_approximation(gained, lost, rows):
    exact, normal = exact_paired_score(gained, lost, rows), paired_score(gained, lost, rows)
    assert (exact.value, exact.standard_error) == (normal.value, normal.standard_error)
    assert exact.bounds(0.05) == pytest.approx(normal.bounds(0.05), abs=0.12 * exact.standard_error * 1.645)


def test_swapping_the_sides_turns_the_interval_round():
    low, high = exact_paired_score(5, 9, 150).interval(0.95)
    assert exact_paired_score(9, 5, 150).interval(0.95) == (-high, -low)


def test_every_row_lost_or_gained_leaves_an_end_open():
    assert exact_paired_score(0, 8, 8).interval(0.95)[0] == -1
    assert exact_paired_score(8, 0, 8).interval(0.95)[1] == 1
