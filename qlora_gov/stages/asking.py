"""Asking a gate, which is foreign code: whatever it answers but a sound verdict fails the rule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from pydantic import ValidationError

from qlora_gov.explain import reasons_of
from qlora_gov.plugin.looks import RowLooks
from qlora_gov.plugin.specs import Comparison, Gate
from qlora_gov.records import Absent, Outcome, Verdict
from qlora_gov.stats import value_of

Values = Mapping[str, float | Absent]
"""What was measured on ``candidate`` and ``baseline``."""


def ask(gate: Gate, comparison: Comparison, values: Values) -> Verdict:
    """The gate's verdict, or a FAIL that says what was wrong with it."""
    try:
        verdict = gate.decide(comparison)
    except Exception as error:  # noqa: BLE001 - a gate is foreign code; its failure must close it, not end the run
        return _fail(f"the gate raised {type(error).__name__}: {error}", values)
    if not isinstance(verdict, Verdict):
        return _fail(f"the gate returned a {type(verdict).__name__}, not a Verdict", values)
    try:
        verdict = Verdict.model_validate(verdict.model_dump(warnings=False))  # it can be made without validation
    except ValidationError as error:
        reasons = "; ".join(map(str, reasons_of(error, Verdict)))
        return _fail(f"the gate returned a Verdict that is not valid: {reasons}", values)
    if verdict.outcome is Outcome.PASS and verdict.estimate is None:
        return _fail("the gate passed without an estimate", values)
    for who, stats, stated in (
        ("candidate", comparison.candidate, verdict.candidate),
        (comparison.against, comparison.baseline, verdict.baseline),
    ):
        value = value_of(stats, comparison.metric)
        if not verdict.slices and isinstance(stated, float) and not _equal(stated, value):
            return _fail(f"the gate states that the {who} is {stated:g}, its rows say otherwise", values)
    return verdict


def heeding(gate: Gate, comparison: Comparison, verdict: Verdict, binds: bool) -> Verdict:
    """A verdict on a further look; a PASS of a gate that does not heed the smaller alpha is none where that ``binds``.

    The gate is asked again at its full alpha and at a far smaller one.
    """
    if comparison.alpha_scale == 1 or verdict.outcome is not Outcome.PASS:
        return verdict
    full, strict = (ask(gate, _at(comparison, scale), {}) for scale in (1.0, comparison.alpha_scale / 32))
    reason = _heedless(verdict, full, strict, comparison.alpha_scale)
    if reason is None:
        return verdict
    if binds:
        return verdict.model_copy(
            update={"outcome": Outcome.INCONCLUSIVE, "reason": f"{verdict.reason}; no PASS, since {reason}"}
        )
    return verdict.model_copy(update={"reason": f"{verdict.reason}; but {reason}"})


def _at(comparison: Comparison, scale: float) -> Comparison:
    """The comparison as if all of its rows had been judged so often that alpha is multiplied by ``scale``."""
    looks = RowLooks.alike(0, len(comparison.clusters))
    return replace(comparison, alpha_scale=scale, looks=replace(looks, counts=looks.counts - math.log2(scale)))


def _heedless(verdict: Verdict, full: Verdict, strict: Verdict, scale: float) -> str | None:
    """How a gate shows that it does not test a further look at a smaller alpha, by its verdicts at three of them."""
    if verdict.alpha is None or full.alpha is None:
        return f"the gate does not say at which alpha it tests, and this look takes {scale:.3g} of its own"
    if verdict.alpha > full.alpha * scale * (1 + 1e-9):
        return f"the gate tested at alpha {verdict.alpha:.3g}, and this look takes {full.alpha * scale:.3g}"
    found = [(one.bound, one.estimate) for one in (full, strict)]
    near, far = (None if bound is None or at is None else abs(bound - at) for bound, at in found)
    if near is not None and far is not None and far <= near:
        return "the gate's bound is no further off at a smaller alpha"
    return None


def _equal(stated: float, value: float | Absent) -> bool:
    return isinstance(value, float) and math.isclose(stated, value, rel_tol=1e-9, abs_tol=1e-12)


def _fail(reason: str, values: Values) -> Verdict:
    return unasked(Outcome.FAIL, reason, values)


def unasked(outcome: Outcome, reason: str, values: Values) -> Verdict:
    """A verdict that no gate gave."""
    return Verdict(outcome=outcome, reason=reason, candidate=values.get("candidate"), baseline=values.get("baseline"))
