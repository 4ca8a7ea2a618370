"""Asking a gate, which is foreign code: whatever it answers but a sound verdict fails the rule."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from qlora_gov.canonical import canonical_json
from qlora_gov.errors import GovError
from qlora_gov.explain import reasons_of
from qlora_gov.plugin.calls import ForeignError, plugin_code, reason_of
from qlora_gov.plugin.looks import RowLooks
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.scoring import aggregate_fault
from qlora_gov.plugin.specs import Comparison, Gate
from qlora_gov.records import Absent, Outcome, Verdict
from qlora_gov.stats import value_of
from qlora_gov.text import one_line

Values = Mapping[str, float | Absent]
"""What was measured on ``candidate`` and ``baseline``."""

RAISED = "the gate raised"
"""How the reason begins of a rule whose gate raised; what follows is told as each version tells it."""

T = TypeVar("T", bound=np.generic)

_ARRAYS = ("candidate", "baseline", "clusters", "equal")
_LONGEST = 20_000  # characters of a reason
_SURROGATE = re.compile("[\ud800-\udfff]")


def ask(gate: Gate, comparison: Comparison, values: Values, measure: Measure | None = None) -> Verdict:
    """The gate's verdict, or a FAIL that says what was wrong with it, or with the ``measure`` under it."""
    lent = _lent(comparison)
    try:
        with plugin_code("a gate"):
            verdict = gate.decide(lent)
    except ForeignError as error:
        return _fail(f"{RAISED} {error}{_metrics_fault(measure, comparison)}", values)
    except GovError as error:  # of ours or not, it must close the gate, not end the run
        return _fail(f"{RAISED} {reason_of(error)}{_metrics_fault(measure, comparison)}", values)
    if not _as_lent(comparison, lent):
        return _fail("the gate changed what it was given to judge", values)
    if not isinstance(verdict, Verdict):
        return _fail(f"the gate returned a {type(verdict).__name__}, not a Verdict", values)
    try:
        verdict = _recordable(verdict)
    except (ValueError, TypeError, AttributeError) as error:
        reasons = map(str, reasons_of(error, Verdict)) if isinstance(error, ValidationError) else [reason_of(error)]
        return _fail(f"the gate returned a Verdict that is not valid: {one_line('; '.join(reasons))}", values)
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


def _lent(comparison: Comparison) -> Comparison:
    """The same, of arrays that no other gate is given and that cannot be written to by accident."""
    looks = comparison.looks and RowLooks(_copy(comparison.looks.counts), _copy(comparison.looks.weights))
    return replace(
        comparison,
        metric=replace(comparison.metric),
        candidate=_copy(comparison.candidate),
        baseline=_copy(comparison.baseline),
        clusters=_copy(comparison.clusters),
        labels=MappingProxyType({name: tuple(values) for name, values in comparison.labels.items()}),
        looks=looks,
        equal=None if comparison.equal is None else _copy(comparison.equal),
    )


def _copy(array: NDArray[T]) -> NDArray[T]:
    copied = array.copy()
    copied.flags.writeable = False
    return copied


def _as_lent(given: Comparison, comparison: Comparison) -> bool:
    """Whether a gate left what it was lent as it was."""
    same = all(np.array_equal(getattr(given, name), getattr(comparison, name)) for name in _ARRAYS)
    return same and given.metric == comparison.metric


def _recordable(verdict: Verdict) -> Verdict:
    """A gate's verdict of plain values that a ledger can hold: it can be made without validation, and of any text."""
    given = Verdict.model_dump(verdict, warnings=False)
    if isinstance(reason := given.get("reason"), str) and (len(reason) > _LONGEST or _SURROGATE.search(reason)):
        given["reason"] = one_line(reason)
    plain = Verdict.model_validate(given)
    canonical_json(plain.model_dump(mode="json"))
    return plain


def _metrics_fault(measure: Measure | None, comparison: Comparison) -> str:
    """What is wrong with the metric under a gate that raised, where the fault is not the gate's."""
    if measure is None:
        return ""
    fault = aggregate_fault(measure, comparison.candidate) or aggregate_fault(measure, comparison.baseline)
    return "" if fault is None else f"; not the gate is at fault, but {measure.component.name}: {fault}"


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
