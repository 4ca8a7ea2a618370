import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlora_gov import Outcome, Verdict
from qlora_gov_gates.rules import AtLeast, AtMost, Improves, NonInferior
from qlora_gov_gates.settings import ImprovesSettings, LimitSettings, NonInferiorSettings
from tests.stats.comparisons import compare

RULES = [
    NonInferior(NonInferiorSettings(margin=0.05)),
    NonInferior(NonInferiorSettings(margin=0.05, kind="relative")),
    Improves(ImprovesSettings()),
    AtMost(LimitSettings(limit=0.9)),
    AtLeast(LimitSettings(limit=0.1)),
]
SIDES = {Outcome.PASS: Outcome.FAIL, Outcome.FAIL: Outcome.PASS, Outcome.INCONCLUSIVE: Outcome.INCONCLUSIVE}
scores = st.lists(st.tuples(st.floats(0, 1, width=16), st.floats(0, 1, width=16)), min_size=0, max_size=40)


def test_a_verdict_is_one_sentence_with_its_numbers():
    generator = np.random.default_rng(0)
    champion = generator.random(200)
    comparison = compare(champion + 0.11 + generator.normal(0, 0.1, 200), champion, name="rouge_l")
    verdict = NonInferior(NonInferiorSettings(margin=0.02)).decide(comparison)
    assert verdict.reason == (
        "rouge_l: candidate is 0.101 higher than the champion (95% interval 0.0867 to 0.116; one-sided 95% bound "
        "0.0891), so it is within the margin of 0.02"
    )
    assert (verdict.rows, verdict.clusters, verdict.threshold) == (200, 200, -0.02)
    assert verdict.interval.low < verdict.estimate < verdict.interval.high
    assert verdict.candidate == pytest.approx(verdict.champion + verdict.estimate)


def test_an_inconclusive_verdict_says_what_the_rows_could_show_and_how_many_it_takes():
    hits = np.array([1.0] * 20 + [0.0] * 20 + [1.0] * 160)
    other = np.array([0.0] * 20 + [1.0] * 20 + [1.0] * 160)
    verdict = NonInferior(NonInferiorSettings(margin=0.05)).decide(compare(hits, other, name="helpful", binary=True))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason.endswith(
        "which does not tell whether it is within the margin of 0.05; 200 rows show a distance of 0.0794 from the "
        "limit in 4 of 5 cases, the one found by about 505 rows"
    )


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("candidate", "champion", "reason"),
    [
        ([], [], "there are no rows"),
        ([0.5], [0.5], "there are 1"),
        ([float("nan")] * 50, [0.5] * 50, "not finite"),
        ([0.5] * 50, [0.5] * 50, "says the same"),
    ],
)
def test_what_tells_nothing_is_inconclusive_with_a_reason(rule, candidate, champion, reason):
    verdict = rule.decide(compare(candidate, champion))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.interval is None
    assert reason in verdict.reason


def test_a_caution_is_told_with_the_bound_that_it_widens():
    generator = np.random.default_rng(4)
    champion = generator.lognormal(0, 1.5, 100)
    verdict = RULES[2].decide(compare(champion * 2, champion, name="speed"))
    assert verdict.outcome is Outcome.PASS
    assert "wide because a few rows decide it (skewness / sqrt(clusters) is" in verdict.reason


def test_where_few_rows_differ_no_verdict_rests_on_them():
    comparison = compare([1.0] * 3 + [0.0] * 197, [0.0] * 200, name="rouge_l")
    verdict = RULES[0].decide(comparison)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "bound none, wide because all but 3 of 200 clusters of rows say the same" in verdict.reason


@given(scores, st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_rule_gives_a_verdict_on_any_scores(rows, higher):
    candidate, champion = ([row[side] for row in rows] for side in (0, 1))
    for rule in RULES:
        verdict = rule.decide(compare(candidate, champion, higher=higher))
        assert isinstance(verdict, Verdict)
        assert verdict.outcome is Outcome.INCONCLUSIVE or verdict.interval is not None


@given(scores, st.floats(0.01, 0.3))
@settings(max_examples=60, deadline=None)
def test_no_rows_pass_and_fail_when_better_and_worse_change_places(rows, by):
    """Improving on the champion by x, and the champion being worse than the candidate by x, are one question."""
    candidate, champion = (np.array([row[side] for row in rows]) for side in (0, 1))
    improves = Improves(ImprovesSettings(by=by)).decide(compare(candidate, champion)).outcome
    within = NonInferior(NonInferiorSettings(margin=by)).decide(compare(candidate, champion, higher=False)).outcome
    assert (improves, within) in {(one, SIDES[one]) for one in Outcome}


@given(st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_never_matters(random):
    generator = np.random.default_rng(3)
    candidate, champion, clusters = generator.random(80), generator.random(80), np.arange(80) // 2
    order = random.sample(range(80), 80)
    for rule in RULES:
        first = rule.decide(compare(candidate, champion, clusters))
        second = rule.decide(compare(candidate[order], champion[order], clusters[order]))
        assert (first.outcome, first.reason, first.interval) == (second.outcome, second.reason, second.interval)
