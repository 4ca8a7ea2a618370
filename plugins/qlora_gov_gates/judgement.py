"""From a claim and a comparison to a verdict."""

from __future__ import annotations

from qlora_gov import Comparison, Outcome, SliceFinding, Verdict
from qlora_gov.stats import Claim, Estimate, Withheld, estimate, value_of
from qlora_gov_gates.evidence import Evidence
from qlora_gov_gates.wording import sentence


def judge(comparison: Comparison, claim: Claim, rule: str, alpha: float) -> Verdict:
    """Test the claim on one-sided bounds at ``alpha`` and the comparison's scale; ``rule`` says what it claims.

    A candidate exactly on the limit passes with a chance of at most alpha, and fails with at most that.
    """
    found, alpha = estimate(comparison, claim.contrast), alpha * comparison.alpha_scale
    evidence = Evidence(comparison, claim, found, alpha, _outcome(claim, found, alpha))
    return verdict_on(evidence, sentence(evidence, rule))


def verdict_on(
    evidence: Evidence, words: str, *, where: str | None = None, slices: tuple[SliceFinding, ...] = ()
) -> Verdict:
    """The verdict with all of the evidence's numbers; ``where`` says on which rows they are, if not on all."""
    comparison = evidence.comparison
    return Verdict(
        outcome=evidence.outcome,
        reason=f"{comparison.metric.name}: {words}",
        contrast=evidence.contrast if where is None else f"{evidence.contrast} {where}",
        estimate=evidence.found.value,
        interval=evidence.interval,
        threshold=evidence.claim.limit,
        rows=evidence.found.rows,
        clusters=evidence.found.clusters,
        candidate=value_of(comparison.candidate, comparison.metric),
        champion=value_of(comparison.champion, comparison.metric),
        alpha=evidence.alpha,
        bound=evidence.bound,
        detectable=evidence.detectable,
        rows_needed=evidence.rows_needed,
        rows_planned=evidence.rows_planned,
        slices=slices,
    )


def _outcome(claim: Claim, found: Estimate | Withheld, alpha: float) -> Outcome:
    if isinstance(found, Withheld):
        return Outcome.INCONCLUSIVE
    if claim.holds(found, alpha):
        return Outcome.PASS
    return Outcome.FAIL if claim.fails(found, alpha) else Outcome.INCONCLUSIVE
