import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from qlora_gov.stats.paired_binary import EXACT, exact_p, paired_score, score


def trinomial(rows, gain, loss):
    """All outcomes (gained, lost) and their chances."""
    from scipy.stats import multinomial

    outcomes = [(g, lost) for g in range(rows + 1) for lost in range(rows + 1 - g)]
    chances = multinomial(rows, [gain, loss, 1 - gain - loss]).pmf([[g, lost, rows - g - lost] for g, lost in outcomes])
    return zip(outcomes, chances, strict=True)


@pytest.mark.parametrize("difference", [-0.3, -0.05, 0.02, 0.2])
def test_the_score_is_that_of_the_likelihood_maximised_under_the_hypothesis(difference):
    gained, lost, rows = 12, 4, 60

    def unlikely(loss):
        gain = loss + difference
        same = rows - gained - lost
        return -(gained * np.log(gain) + lost * np.log(loss) + same * np.log(1 - gain - loss))

    bounds = (max(0, -difference) + 1e-9, (1 - difference) / 2 - 1e-9)
    loss = minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-10}).x
    error = np.sqrt((2 * loss + difference - difference**2) / rows)
    assert score(gained, lost, rows, difference) == pytest.approx(
        ((gained - lost) / rows - difference) / error, rel=1e-5
    )


def test_the_interval_is_where_the_score_is_the_quantile():
    low, high = paired_score(12, 4, 60).interval(0.95)
    assert score(12, 4, 60, low) == pytest.approx(1.959964, abs=1e-4)
    assert score(12, 4, 60, high) == pytest.approx(-1.959964, abs=1e-4)


def test_at_zero_difference_the_score_is_mcnemars():
    assert score(12, 4, 60, 0.0) == pytest.approx((12 - 4) / np.sqrt(16))


def test_swapping_the_sides_turns_the_interval_round():
    for rows in (30, 300):
        low, high = paired_score(9, 3, rows).interval(0.95)
        assert paired_score(3, 9, rows).interval(0.95) == pytest.approx((-high, -low))


def test_no_discordant_row_still_leaves_a_difference_possible():
    low, high = paired_score(0, 0, 200).interval(0.9)
    assert low == pytest.approx(-0.0133, abs=2e-4)
    assert high == -low


@pytest.mark.parametrize(("gained", "lost"), [(20, 0), (0, 20)])
def test_where_every_row_is_discordant_one_way_an_end_is_the_edge(gained, lost):
    low, high = paired_score(gained, lost, 20).interval(0.95)
    assert -1 <= low < high <= 1
    assert (high if gained else -low) == 1


@pytest.mark.parametrize("margin", [0.05, 0.2])
@pytest.mark.parametrize("discordance", [0.2, 0.5, 0.9])
def test_exact_bounds_pass_at_the_margin_with_at_most_alpha(margin, discordance):
    rows = 20
    outcomes = trinomial(rows, (discordance - margin) / 2, (discordance + margin) / 2)
    passing = sum(chance for (g, lost), chance in outcomes if paired_score(g, lost, rows).interval(0.9)[0] > -margin)
    assert 0 < passing <= 0.05


def test_the_score_bound_holds_at_200_rows():
    passing = sum(
        chance
        for (g, lost), chance in trinomial(200, 0.025, 0.075)
        if chance > 1e-12 and score(g, lost, 200, -0.05) > 1.644854
    )
    assert 0.04 < passing < 0.0525


def test_exact_and_score_intervals_meet_where_one_takes_over():
    exact, normal = (paired_score(8, 5, rows).interval(0.95) for rows in (EXACT, EXACT + 1))
    assert exact == pytest.approx(normal, abs=0.02)


def test_the_exact_p_value_is_the_worst_over_the_discordance():
    rows, gained, lost, difference = 12, 5, 1, 0.1
    observed = score(gained, lost, rows, difference)

    def p(share):
        outcomes = trinomial(rows, (share + difference) / 2, (share - difference) / 2)
        return sum(chance for (g, lo), chance in outcomes if score(g, lo, rows, difference) >= observed - 1e-9)

    assert exact_p(gained, lost, rows, difference) == pytest.approx(
        max(p(s) for s in np.linspace(0.1, 1, 200)), abs=2e-3
    )
