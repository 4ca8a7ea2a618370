"""How many rows a rule is planned with."""

import numpy as np
import pytest

from qlora_gov import Outcome
from qlora_gov.stats import rows_for_rate
from qlora_gov_gates.rules import AtLeast, AtMost, Improves, NonInferior
from qlora_gov_gates.settings import ImprovesSettings, LimitSettings, NonInferiorSettings
from tests.stats.comparisons import compare, perplexity

RNG = np.random.default_rng(0)
BASE = RNG.random(200) + 1
WORSE = BASE - 0.02 + RNG.normal(0, 0.1, 200)


def review(gained, lost, rows=200):
    """Binary scores with so many rows won and lost."""
    same = np.ones(rows - gained - lost)
    return np.r_[np.ones(gained), np.zeros(lost), same], np.r_[np.zeros(gained), np.ones(lost), same]


def rates(hits, rows, clusters=None):
    flagged = np.arange(rows) < hits
    return compare(flagged, np.zeros(rows), clusters, binary=True)


def non_inferior(comparison, margin=0.05, **settings):
    return NonInferior(NonInferiorSettings(margin=margin, **settings)).decide(comparison)


def test_the_playbooks_review_is_planned_with_about_500_rows():
    assert 495 <= non_inferior(compare(*review(20, 20), binary=True)).rows_planned <= 505


def test_what_was_found_does_not_change_the_plan_for_two_that_are_alike():
    comparison = compare(*review(14, 26), binary=True)
    verdict = non_inferior(comparison)
    assert 480 <= verdict.rows_planned <= 505 < verdict.rows_needed


@pytest.mark.parametrize(
    ("settings", "traits", "distance"),
    [
        ({"kind": "absolute"}, {}, 0.05),
        ({"kind": "relative"}, {}, 0.05 * BASE.mean()),
        ({"kind": "relative"}, {"higher": False}, np.log(1.05)),
        ({"kind": "relative"}, {"higher": False, "aggregate": perplexity}, np.log(1.05)),
    ],
)
def test_the_planned_rows_detect_the_distance_of_no_difference(settings, traits, distance):
    verdict = non_inferior(compare(WORSE, BASE, **traits), **settings)
    assert verdict.rows_planned == pytest.approx(200 * (verdict.detectable / distance) ** 2, abs=1)


def test_two_that_are_alike_never_show_an_improvement():
    for by in (0.0, 0.1):
        verdict = Improves(ImprovesSettings(by=by)).decide(compare(WORSE, BASE))
        assert verdict.rows_planned is None
        assert verdict.rows_needed > 0


def test_a_limit_is_planned_for_what_was_found():
    verdict = AtMost(LimitSettings(limit=1.6)).decide(compare(BASE, BASE))
    assert verdict.rows_planned == verdict.rows_needed
    assert verdict.rows_planned == pytest.approx(200 * (verdict.detectable / (1.6 - BASE.mean())) ** 2, abs=1)
    assert AtMost(LimitSettings(limit=1.2)).decide(compare(BASE, BASE)).rows_planned is None


@pytest.mark.parametrize(
    ("rule", "limit", "hits", "rows", "planned"),
    [
        (AtMost, 0.01, 0, 100, 299),
        (AtMost, 0.05, 2, 100, rows_for_rate(0.05, 0.02, 0.05)),
        (AtLeast, 0.95, 98, 100, rows_for_rate(0.05, 0.02, 0.05)),
        (AtMost, 0.01, 1, 100, None),
        (AtMost, 0.01, 5, 100, None),
        (AtMost, 2.0, 5, 100, 1),
    ],
)
def test_a_limit_on_a_rate_is_planned_by_its_exact_bound(rule, limit, hits, rows, planned):
    assert rule(LimitSettings(limit=limit)).decide(rates(hits, rows)).rows_planned == planned


def test_a_rate_beyond_its_limit_needs_rows_to_show_that():
    verdict = AtMost(LimitSettings(limit=0.01)).decide(rates(3, 100))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    more = AtMost(LimitSettings(limit=0.01)).decide(rates(round(0.03 * verdict.rows_needed), verdict.rows_needed))
    assert 100 < verdict.rows_needed < 600
    assert more.outcome is Outcome.FAIL


def test_rows_in_clusters_are_planned_as_clustered_as_these_are():
    verdict = AtMost(LimitSettings(limit=0.01)).decide(rates(0, 300, np.repeat(np.arange(30), 10)))
    assert verdict.rows_planned == 2990


def test_nothing_is_planned_from_an_estimate_that_is_withheld():
    verdict = non_inferior(compare([0.5] * 50, [0.5] * 50))
    assert verdict.alpha == 0.05
    assert (verdict.bound, verdict.detectable, verdict.rows_needed, verdict.rows_planned) == (None,) * 4
