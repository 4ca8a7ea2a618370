import math

import numpy as np
import pytest

from qlora_gov import Outcome
from qlora_gov_gates.rules import AtLeast, AtMost, Improves, NonInferior
from qlora_gov_gates.settings import ImprovesSettings, LimitSettings, NonInferiorSettings
from tests.stats.comparisons import compare, perplexity

BASE = np.random.default_rng(0).random(300)
NOISE = np.random.default_rng(1).normal(0, 0.05, 300)


def non_inferior(margin, **settings):
    return NonInferior(NonInferiorSettings(margin=margin, **settings))


def shifted(by, **traits):
    return compare(BASE + NOISE + by, BASE, **traits)


@pytest.mark.parametrize(
    ("by", "higher", "outcome"),
    [
        (0.0, True, Outcome.PASS),
        (0.2, True, Outcome.PASS),
        (-0.05, True, Outcome.FAIL),
        (-0.02, True, Outcome.INCONCLUSIVE),
        (0.0, False, Outcome.PASS),
        (-0.2, False, Outcome.PASS),
        (0.05, False, Outcome.FAIL),
        (0.02, False, Outcome.INCONCLUSIVE),
    ],
)
def test_non_inferior_decides_by_the_bound_on_the_metrics_own_side(by, higher, outcome):
    assert non_inferior(0.02).decide(shifted(by - NOISE.mean(), higher=higher)).outcome is outcome


def test_a_margin_is_of_the_kind_that_the_metric_declares_unless_the_rule_says():
    relative = shifted(0.0, margin="relative")
    assert non_inferior(0.05).decide(relative).contrast == "candidate - 0.95 x champion"
    assert non_inferior(0.05, kind="absolute").decide(relative).contrast == "candidate - champion"


def test_perplexity_is_judged_by_its_log_ratio_and_read_in_percent():
    comparison = shifted(0.01, name="perplexity", higher=False, margin="relative", aggregate=perplexity)
    verdict = non_inferior(0.05).decide(comparison)
    assert verdict.outcome is Outcome.PASS
    assert verdict.threshold == pytest.approx(math.log(1.05))
    assert "% higher than the champion" in verdict.reason


def test_a_relative_margin_of_five_raises_and_so_fails_the_rule():
    with pytest.raises(ValueError, match=r"for 5% write 0\.05"):
        non_inferior(5, kind="relative").decide(shifted(0.0))


@pytest.mark.parametrize(
    ("by", "least", "outcome"),
    [
        (0.03, 0.0, Outcome.PASS),
        (0.03, 0.05, Outcome.FAIL),
        (0.03, 0.03, Outcome.INCONCLUSIVE),
        (-0.03, 0.0, Outcome.FAIL),
        (0.0, 0.0, Outcome.INCONCLUSIVE),
    ],
)
@pytest.mark.parametrize("higher", [True, False])
def test_improves_wants_the_whole_bound_beyond_what_was_asked(by, least, outcome, higher):
    by = (by if higher else -by) - NOISE.mean()
    assert Improves(ImprovesSettings(by=least)).decide(shifted(by, higher=higher)).outcome is outcome


@pytest.mark.parametrize(
    ("hits", "rows", "outcome"),
    [(0, 299, Outcome.PASS), (0, 298, Outcome.INCONCLUSIVE), (0, 3, Outcome.INCONCLUSIVE), (12, 299, Outcome.FAIL)],
)
def test_a_limit_on_a_rate_is_tested_on_its_bound(hits, rows, outcome):
    flagged = np.array([1.0] * hits + [0.0] * (rows - hits))
    comparison = compare(flagged, flagged, name="toxicity", higher=False, binary=True)
    assert AtMost(LimitSettings(limit=0.01)).decide(comparison).outcome is outcome


@pytest.mark.parametrize(("limit", "outcome"), [(0.4, Outcome.PASS), (0.6, Outcome.FAIL), (0.5, Outcome.INCONCLUSIVE)])
def test_a_lower_limit_looks_at_the_candidate_alone(limit, outcome):
    comparison = compare(BASE - BASE.mean() + 0.5, BASE * 100)
    assert AtLeast(LimitSettings(limit=limit)).decide(comparison).outcome is outcome


def test_a_smaller_alpha_passes_less():
    comparison = shifted(-0.014 - NOISE.mean())
    assert non_inferior(0.02, alpha=0.05).decide(comparison).outcome is Outcome.PASS
    assert non_inferior(0.02, alpha=0.005).decide(comparison).outcome is Outcome.INCONCLUSIVE
