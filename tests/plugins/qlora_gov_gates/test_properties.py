"""What holds of every rule on any rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlora_gov import Absent, Outcome, Verdict
from qlora_gov_gates.rules import AtLeast, AtMost, Improves, NonInferior
from qlora_gov_gates.settings import ImprovesSettings, LimitSettings, NonInferiorSettings, NoRegressedSliceSettings
from qlora_gov_gates.slices import NoRegressedSlice
from tests.stats.comparisons import compare, perplexity

RULES = [
    NonInferior(NonInferiorSettings(margin=0.05)),
    NonInferior(NonInferiorSettings(margin=0.05, kind="relative")),
    Improves(ImprovesSettings()),
    AtMost(LimitSettings(limit=0.9)),
    AtLeast(LimitSettings(limit=0.1)),
    NoRegressedSlice(NoRegressedSliceSettings(by="intent", margin=0.2)),
    NoRegressedSlice(NoRegressedSliceSettings(by="intent", margin=0.2, kind="relative", margins={"rare": 0.5})),
]
SIDES = {Outcome.PASS: Outcome.FAIL, Outcome.FAIL: Outcome.PASS, Outcome.INCONCLUSIVE: Outcome.INCONCLUSIVE}
SCORE = st.floats(0, 1, width=16)
LABEL = st.sampled_from(["card", "loan", None])


def rows_of(score):
    """Rows of a candidate's and a champion's score, a cluster and a label."""
    return st.lists(st.tuples(score, score, st.integers(0, 60), LABEL), max_size=60)


def telling_rows(seed, count, shift, rare):
    """Rows that mostly suffice for a verdict: the candidate is the champion, shifted, with noise."""
    rng = np.random.default_rng(seed)
    baseline = rng.random(count) / 2 + 0.5
    candidate = baseline + shift + rng.normal(0, 0.05, count)
    labels = ["rare" if rng.random() < rare else "card" for _ in range(count)]
    return list(zip(candidate, baseline, rng.integers(0, 60, count).tolist(), labels, strict=True))


TELLING = st.builds(
    telling_rows,
    st.integers(0, 2**32),
    st.integers(20, 200),
    st.sampled_from([-0.5, -0.2, -0.05, 0.0, 0.1]),
    st.sampled_from([0.0, 0.5]),
)
TRAITS = st.sampled_from([{}, {"higher": False}, {"higher": False, "aggregate": perplexity, "margin": "relative"}])
CASES = st.one_of(
    st.tuples(rows_of(SCORE), TRAITS),
    st.tuples(TELLING, TRAITS),
    st.tuples(rows_of(st.sampled_from([0.0, 0.5])), TRAITS),
    st.tuples(rows_of(st.sampled_from([0.0, 1.0])), st.just({"binary": True})),
)


def comparison_of(rows, clusters=None, **traits):
    """A comparison whose rows have intents; a label that no row has is an error of the policy."""
    candidate, baseline, groups, intents = zip(*rows, strict=True) if rows else ((),) * 4
    intents = intents if any(intents) else ["card"] * len(rows)
    return compare(candidate, baseline, groups if clusters is None else clusters, labels={"intent": intents}, **traits)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("candidate", "baseline", "reason"),
    [
        ([], [], "there are no rows"),
        ([1.0], [1.0], "there are 1"),
        ([float("nan")] * 50, [1.0] * 50, "not finite"),
        ([1.0] * 50, [float("nan")] + [1.0] * 49, "not finite"),
        ([0.5] * 50, [0.5] * 50, "says the same"),
    ],
)
def test_what_tells_nothing_is_inconclusive_with_a_reason(rule, binary, candidate, baseline, reason):
    verdict = rule.decide(compare(candidate, baseline, binary=binary, labels={"intent": ["card"] * len(candidate)}))
    told = [verdict.reason, *(finding.reason for finding in verdict.slices)]
    assert verdict.outcome is Outcome.INCONCLUSIVE
    if verdict.interval is None and not binary:
        assert any(reason in words for words in told)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("rows", [5, 50, 500])
def test_where_every_row_ties_the_verdict_is_stated(rule, rows):
    """All ties have no spread; only a rate has a bound there, since it counts what could have been."""
    labels = {"intent": ["card"] * rows}
    for value, binary in [(0.5, False), (0.0, False), (0.0, True), (1.0, True)]:
        verdict = rule.decide(compare([value] * rows, [value] * rows, binary=binary, labels=labels))
        assert verdict.reason
        if not binary:
            assert verdict.outcome is Outcome.INCONCLUSIVE
        elif verdict.outcome is Outcome.PASS:
            assert verdict.interval.method.startswith(("exact binomial", "exact paired score"))


@given(CASES, st.sampled_from([1.0, 0.5, 0.001]))
@settings(max_examples=150)
def test_every_rule_gives_a_verdict_on_any_rows_and_none_without_evidence(case, alpha_scale):
    rows, traits = case
    comparison = comparison_of(rows, **traits, alpha_scale=alpha_scale)
    for rule in RULES:
        verdict = rule.decide(comparison)
        assert Verdict.model_validate(verdict.model_dump()) == verdict
        assert verdict.outcome is Outcome.INCONCLUSIVE or None not in (verdict.interval, verdict.bound)
        if verdict.slices:
            worst_first = [Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS]
            ranks = [worst_first.index(finding.outcome) for finding in verdict.slices]
            assert ranks == sorted(ranks)
            assert verdict.outcome is verdict.slices[0].outcome


@given(CASES, st.data())
@settings(max_examples=60)
def test_a_nan_in_any_row_passes_nothing(case, data):
    rows, traits = case
    if not rows:
        return
    comparison = comparison_of(rows, **traits)
    side = data.draw(st.sampled_from([comparison.candidate, comparison.baseline]))
    side[data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, 1))] = np.nan
    for rule in RULES:
        verdict = rule.decide(comparison)
        assert verdict.outcome is Outcome.INCONCLUSIVE or (verdict.slices and verdict.outcome is Outcome.FAIL)


@given(CASES, st.randoms(use_true_random=False))
@settings(max_examples=80)
def test_neither_the_order_of_rows_nor_the_numbers_of_clusters_matter(case, random):
    rows, traits = case
    order = random.sample(range(len(rows)), len(rows))
    names = random.sample(range(1000), 61)
    shuffled = [rows[index] for index in order]
    for rule in RULES:
        first = rule.decide(comparison_of(rows, **traits))
        second = rule.decide(comparison_of(shuffled, [names[row[2]] for row in shuffled], **traits))
        assert without_values(first) == without_values(second)
        assert values(first) == pytest.approx(values(second), rel=1e-12, abs=1e-12)


def without_values(verdict):
    """All of a verdict but the values of both sides, which are sums in the order of the rows."""
    told = verdict.model_dump(exclude={"candidate", "baseline", "slices"})
    return told, [finding.model_dump(exclude={"candidate", "baseline"}) for finding in verdict.slices]


def values(verdict):
    told = [side for one in (verdict, *verdict.slices) for side in (one.candidate, one.baseline)]
    return [-1.0 if isinstance(side, Absent) else side for side in told]


@given(st.lists(st.tuples(SCORE, SCORE), max_size=40), st.floats(0.01, 0.3))
@settings(max_examples=60)
def test_no_rows_pass_and_fail_when_better_and_worse_change_places(rows, by):
    """Improving on the champion by x, and the champion being worse than the candidate by x, are one question."""
    candidate, baseline = (np.array([row[side] for row in rows]) for side in (0, 1))
    improves = Improves(ImprovesSettings(by=by)).decide(compare(candidate, baseline)).outcome
    within = NonInferior(NonInferiorSettings(margin=by)).decide(compare(candidate, baseline, higher=False)).outcome
    assert (improves, within) in {(one, SIDES[one]) for one in Outcome}


@given(rows_of(SCORE), rows_of(SCORE))
@settings(max_examples=60)
def test_rows_of_other_slices_change_no_slices_numbers(rows, others):
    """Only whether a break stands the correction for many slices depends on the others."""
    rule = NoRegressedSlice(NoRegressedSliceSettings(by="intent", margin=0.2, slices=["card"]))
    mine = [(*row[:3], "card") for row in rows]
    theirs = [(*row[:2], row[2] + 100, "loan") for row in others]
    assert without_values(rule.decide(comparison_of(mine))) == without_values(rule.decide(comparison_of(mine + theirs)))
