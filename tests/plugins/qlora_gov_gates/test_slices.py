import numpy as np
import pytest

from qlora_gov import Outcome
from qlora_gov_gates.settings import NoRegressedSliceSettings
from qlora_gov_gates.slices import NoRegressedSlice
from tests.stats.comparisons import compare, perplexity

EACH = 60


def rule(margin=0.1, **settings):
    return NoRegressedSlice(NoRegressedSliceSettings(by="intent", margin=margin, **settings))


def sliced(shifts, noise=0.1, **context):
    """Slices of 60 rows by intent, each shifted by so much; what they are called need not be text."""
    rng = np.random.default_rng(0)
    baseline = rng.random(EACH * len(shifts)) + 1
    change = rng.normal(0, noise, baseline.size).reshape(len(shifts), EACH)
    change += np.array(list(shifts.values()))[:, None] - change.mean(axis=1, keepdims=True)
    intents = [name for name in shifts for _ in range(EACH)]
    return compare(baseline + change.ravel(), baseline, name="rouge_l", labels={"intent": intents}, **context)


def outcomes(verdict):
    return {finding.slice: finding.outcome for finding in verdict.slices}


def test_it_passes_where_every_slice_keeps_its_margin():
    verdict = rule().decide(sliced({"card": 0.0, "loan": -0.01, "transfer": 0.02}))
    assert verdict.outcome is Outcome.PASS
    assert verdict.reason == "rouge_l: candidate is within its margin on 3 of 3 slices by intent"
    assert [finding.slice for finding in verdict.slices] == ["loan", "card", "transfer"]


def test_it_fails_on_a_slice_that_is_shown_to_break_its_margin():
    verdict = rule().decide(sliced({"card": 0.0, "loan": -0.3, "transfer": -0.1}))
    assert verdict.outcome is Outcome.FAIL
    assert outcomes(verdict) == {"loan": Outcome.FAIL, "transfer": Outcome.INCONCLUSIVE, "card": Outcome.PASS}
    assert verdict.reason == (
        "rouge_l: candidate is not within its margin on 1 of 3 slices by intent (loan); 1 more do not tell (transfer)"
    )


def test_its_numbers_are_those_of_the_worst_slice():
    verdict = rule().decide(sliced({"card": 0.0, "loan": -0.3, "transfer": 0.0}))
    worst = verdict.slices[0]
    assert (worst.slice, worst.rows, worst.clusters) == ("loan", EACH, EACH)
    assert verdict.contrast == "candidate - champion where intent is loan"
    assert verdict.estimate == worst.estimate == pytest.approx(-0.3)
    assert (verdict.interval, verdict.threshold, verdict.rows) == (worst.interval, worst.threshold, worst.rows)
    assert (verdict.candidate, verdict.baseline) == (worst.candidate, worst.baseline)
    assert worst.interval.low < verdict.bound < worst.interval.high
    assert verdict.bound > verdict.estimate
    assert worst.candidate == pytest.approx(worst.baseline - 0.3)
    assert worst.reason.startswith("candidate is 0.3 lower than the champion (95% interval -0.3")
    assert worst.reason.endswith(", so it is not within the margin of 0.1")


def test_a_slice_that_does_not_tell_leaves_the_rule_open():
    verdict = rule(margin=0.02).decide(sliced({"card": 0.1, "loan": -0.02}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert (
        verdict.reason == "rouge_l: 1 of 2 slices by intent do not tell whether candidate is within its margin (loan)"
    )
    assert verdict.rows_planned > EACH


def test_a_break_that_many_slices_would_show_by_chance_does_not_fail():
    """A slice whose p-value is about .03 breaks its margin alone, and not among nine."""
    shift = -0.1 - 1.95 * 0.1 / np.sqrt(EACH)
    alone = rule().decide(sliced({"loan": shift}))
    among = rule().decide(sliced({"loan": shift} | {f"other {index}": 0.1 for index in range(8)}))
    assert (alone.outcome, among.outcome) == (Outcome.FAIL, Outcome.INCONCLUSIVE)
    assert among.slices[0].slice == "loan"
    assert among.slices[0].reason.endswith("; of 9 slices one may look so by chance")


def test_a_slice_may_have_a_margin_of_its_own():
    comparison = sliced({"card": 0.0, "loan": -0.3})
    assert rule(margins={"loan": 0.5}).decide(comparison).outcome is Outcome.PASS
    verdict = rule(margins={"loan": 0.5, "card": 0.001}).decide(comparison)
    assert outcomes(verdict) == {"card": Outcome.INCONCLUSIVE, "loan": Outcome.PASS}
    assert [finding.threshold for finding in verdict.slices] == [-0.001, -0.5]


@pytest.mark.parametrize("named", [{"slices": ["card", "laon"]}, {"margins": {"laon": 0.2}}])
def test_a_named_slice_without_rows_is_no_consent(named):
    verdict = rule(**named).decide(sliced({"card": 0.0, "loan": 0.0}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert outcomes(verdict)["laon"] is Outcome.INCONCLUSIVE
    assert "(laon)" in verdict.reason
    assert verdict.slices[0].reason == "no interval can be given: there are no rows"
    assert (verdict.rows, verdict.estimate) == (0, None)


def test_only_the_slices_that_are_asked_for_are_judged():
    verdict = rule(slices=["card", "card"]).decide(sliced({"card": 0.0, "loan": -5.0}))
    assert verdict.outcome is Outcome.PASS
    assert list(outcomes(verdict)) == ["card"]


def test_rows_without_the_label_are_a_slice_of_their_own():
    verdict = rule().decide(sliced({"card": 0.0, None: -0.3}))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.slices[0].slice == "(none)"


@pytest.mark.parametrize(
    ("labels", "known"),
    [
        ({"language": ["en"] * 9, "tier": ["gold"] + [None] * 8}, "language, tier"),
        ({"language": ["en"] * 9, "intent": [None] * 9}, "language"),
        ({"intent": [None] * 9}, "none"),
    ],
)
def test_a_label_that_no_example_has_raises_and_so_fails_the_rule(labels, known):
    with pytest.raises(ValueError, match=f"no label 'intent' to slice by; labels: {known}$"):
        rule().decide(compare(np.zeros(9), np.zeros(9), labels=labels))


def test_no_more_than_five_slices_are_named_and_no_name_takes_the_line():
    names = ["a\nb " * 400, *(f"slice {index}" for index in range(6))]
    verdict = rule().decide(sliced(dict.fromkeys(names, -0.5)))
    assert "\n" not in verdict.reason + verdict.contrast
    assert len(verdict.contrast) < 100
    assert verdict.reason.endswith(" and 2 more)")
    assert len(verdict.reason) < 250
    assert len(verdict.slices) == 7


def test_a_relative_margin_is_of_each_slices_own_champion():
    comparison = sliced({"card": 0.0, "loan": 0.0}, margin="relative", higher=False, aggregate=perplexity)
    verdict = rule().decide(comparison)
    assert verdict.contrast.startswith("log(candidate / champion) where intent is")
    assert verdict.slices[0].reason.endswith("within the margin of 0.1 of the champion")


def test_it_compares_with_whom_the_rule_says_at_the_scaled_alpha():
    verdict = rule().decide(sliced({"card": -0.3}, against="reference", alpha_scale=0.25))
    assert verdict.alpha == 0.0125
    assert verdict.contrast == "candidate - reference where intent is card"
    assert "lower than the reference" in verdict.slices[0].reason


def test_a_relative_margin_of_five_raises():
    with pytest.raises(ValueError, match=r"for 5% write 0\.05"):
        rule(margin=5, kind="relative").decide(sliced({"card": 0.0}))
