import numpy as np
import pytest

from qlora_gov import Outcome
from qlora_gov.stats import round_up
from qlora_gov_gates.rules import AtMost, Improves, NonInferior
from qlora_gov_gates.settings import ImprovesSettings, LimitSettings, NonInferiorSettings
from tests.stats.comparisons import compare

DISCORDANT = np.array([1.0] * 20 + [0.0] * 20 + [1.0] * 160), np.array([0.0] * 20 + [1.0] * 20 + [1.0] * 160)


def non_inferior(margin, **settings):
    return NonInferior(NonInferiorSettings(margin=margin, **settings))


def test_a_verdict_is_one_sentence_with_its_numbers():
    generator = np.random.default_rng(0)
    baseline = generator.random(200)
    comparison = compare(baseline + 0.11 + generator.normal(0, 0.1, 200), baseline, name="rouge_l")
    verdict = non_inferior(0.02).decide(comparison)
    assert verdict.reason == (
        "rouge_l: candidate is 0.101 higher than the champion (95% interval 0.0862 to 0.116; one-sided 95% bound "
        "0.0888), so it is within the margin of 0.02"
    )
    assert (verdict.rows, verdict.clusters, verdict.threshold, verdict.alpha) == (200, 200, -0.02, 0.05)
    assert verdict.bound == pytest.approx(0.0888, abs=5e-5)
    assert verdict.interval.low < verdict.bound < verdict.estimate < verdict.interval.high
    assert verdict.candidate == pytest.approx(verdict.baseline + verdict.estimate)


def test_an_inconclusive_verdict_says_what_the_rows_could_show_and_how_many_it_takes():
    verdict = non_inferior(0.05).decide(compare(*DISCORDANT, name="helpful", binary=True))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason.endswith(
        "which does not tell whether it is within the margin of 0.05; 200 rows show a distance of 0.0794 from the "
        "limit in 4 of 5 cases, the one found by about 510 rows"
    )
    assert (verdict.detectable, verdict.rows_needed) == (pytest.approx(0.0794, abs=5e-5), 505)


def test_more_than_a_hundred_times_the_rows_are_not_named():
    gained = np.array([1.0] * 11 + [0.0] * 10 + [1.0] * 179), np.array([0.0] * 11 + [1.0] * 10 + [1.0] * 179)
    verdict = Improves(ImprovesSettings()).decide(compare(*gained, binary=True))
    assert verdict.rows_needed > 200 * 100
    assert verdict.reason.endswith("from the limit in 4 of 5 cases")


@pytest.mark.parametrize("kind", ["absolute", "relative"])
def test_against_the_pinned_reference_every_word_says_so(kind):
    comparison = compare(*DISCORDANT, against="reference")
    verdict = non_inferior(0.3, kind=kind).decide(comparison)
    assert "reference" in verdict.contrast
    assert "reference" in verdict.reason
    assert "champion" not in verdict.contrast + verdict.reason


def test_a_further_look_is_tested_at_a_scaled_alpha():
    half = non_inferior(0.05).decide(compare(*DISCORDANT, binary=True, alpha_scale=0.5))
    asked = non_inferior(0.05, alpha=0.025).decide(compare(*DISCORDANT, binary=True))
    assert half == asked
    assert half.alpha == 0.025
    assert "one-sided 97.5% bound" in half.reason


@pytest.mark.parametrize(("by", "end"), [(0.5, "low"), (-0.5, "high"), (0.0, "low")])
def test_the_bound_is_the_one_that_decided(by, end):
    generator = np.random.default_rng(1)
    baseline = generator.random(60)
    verdict = Improves(ImprovesSettings()).decide(compare(baseline + by + generator.normal(0, 0.4, 60), baseline))
    assert verdict.outcome is {0.5: Outcome.PASS, -0.5: Outcome.FAIL, 0.0: Outcome.INCONCLUSIVE}[by]
    within = verdict.interval.low < verdict.bound < verdict.interval.high
    assert within
    assert (verdict.bound < verdict.estimate) == (end == "low")


def test_a_caution_is_told_with_the_bound_that_it_widens():
    generator = np.random.default_rng(4)
    baseline = generator.lognormal(0, 1.5, 100)
    verdict = Improves(ImprovesSettings()).decide(compare(baseline * 2, baseline, name="speed"))
    assert verdict.outcome is Outcome.PASS
    assert "wide because a few rows decide it (skewness / sqrt(clusters) is" in verdict.reason


def test_where_few_rows_differ_no_verdict_rests_on_them():
    verdict = non_inferior(0.05).decide(compare([1.0] * 2 + [0.5] + [0.0] * 197, [0.0] * 200, name="rouge_l"))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "bound none, wide because all but 3 of 200 clusters of rows say the same" in verdict.reason
    assert (verdict.bound, verdict.detectable) == (None, None)
    assert verdict.reason.endswith(f"; the one found by about {round_up(verdict.rows_needed):,} rows")


def test_a_limit_tells_the_rows_that_it_takes_by_its_exact_bound():
    clean = np.zeros(100)
    verdict = AtMost(LimitSettings(limit=0.01)).decide(compare(clean, clean, binary=True, higher=False))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason.endswith("the one found by about 300 rows")
