"""From a hypothesis and a comparison to a verdict."""

from __future__ import annotations

from qlora_gov import Comparison, Outcome, SliceFinding, Verdict
from qlora_gov.stats import Estimate, Hypothesis, Withheld, estimate, value_of
from qlora_gov_gates.result import TestResult
from qlora_gov_gates.wording import sentence


def judge(comparison: Comparison, hypothesis: Hypothesis, rule: str, alpha: float) -> Verdict:
    """Test the hypothesis on one-sided bounds at ``alpha`` and the comparison's scale; ``rule`` says what it claims.

    A candidate exactly on the limit passes with a chance of at most alpha, and fails with at most that.
    """
    found, alpha = estimate(comparison, hypothesis.contrast), alpha * comparison.alpha_scale
    result = TestResult(comparison, hypothesis, found, alpha, _outcome(hypothesis, found, alpha))
    return verdict_on(result, sentence(result, rule))


def verdict_on(
    result: TestResult, words: str, *, where: str | None = None, slices: tuple[SliceFinding, ...] = ()
) -> Verdict:
    """The verdict with all of the test's numbers; ``where`` says on which rows they are, if not on all."""
    comparison = result.comparison
    return Verdict(
        outcome=result.outcome,
        reason=f"{comparison.metric.name}: {words}",
        contrast=result.contrast if where is None else f"{result.contrast} {where}",
        contrast_kind=result.hypothesis.contrast.kind,
        estimate=result.found.value,
        interval=result.interval,
        threshold=result.hypothesis.limit,
        rows=result.found.rows,
        clusters=result.found.clusters,
        candidate=value_of(comparison.candidate, comparison.metric),
        baseline=value_of(comparison.baseline, comparison.metric),
        alpha=result.alpha,
        bound=result.bound,
        detectable=result.detectable,
        rows_needed=result.rows_needed,
        rows_planned=result.rows_planned,
        slices=slices,
    )


def _outcome(hypothesis: Hypothesis, found: Estimate | Withheld, alpha: float) -> Outcome:
    if isinstance(found, Withheld):
        return Outcome.INCONCLUSIVE
    if hypothesis.holds(found, alpha):
        return Outcome.PASS
    return Outcome.FAIL if hypothesis.fails(found, alpha) else Outcome.INCONCLUSIVE
