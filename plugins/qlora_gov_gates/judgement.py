"""From a claim and a comparison to a verdict."""

from __future__ import annotations

import math

from qlora_gov import Comparison, Interval, Outcome, Verdict
from qlora_gov.stats import Claim, Estimate, Withheld, estimate, value_of
from qlora_gov_gates.wording import LEVEL, sentence


def judge(comparison: Comparison, claim: Claim, rule: str, alpha: float) -> Verdict:
    """Test the claim on one-sided bounds at ``alpha``; ``rule`` says in words what it claims.

    A candidate exactly on the limit passes with a chance of at most alpha, and fails with at most that.
    """
    found = estimate(comparison, claim.contrast)
    interval = None
    if isinstance(found, Withheld):
        outcome, words = Outcome.INCONCLUSIVE, f"no interval can be given: {found.reason}"
    else:
        outcome = _outcome(claim, found, alpha)
        words = sentence(claim, found, outcome, rule, alpha)
        low, high = (end if math.isfinite(end) else None for end in found.interval(LEVEL))
        interval = Interval(low=low, high=high, level=LEVEL, method=found.method)
    return Verdict(
        outcome=outcome,
        reason=f"{comparison.metric.name}: {words}",
        contrast=claim.contrast.words,
        estimate=found.value,
        interval=interval,
        threshold=claim.limit,
        rows=found.rows,
        clusters=found.clusters,
        candidate=value_of(comparison.candidate, comparison.metric),
        champion=value_of(comparison.champion, comparison.metric),
    )


def _outcome(claim: Claim, found: Estimate, alpha: float) -> Outcome:
    if claim.holds(found, alpha):
        return Outcome.PASS
    return Outcome.FAIL if claim.fails(found, alpha) else Outcome.INCONCLUSIVE
