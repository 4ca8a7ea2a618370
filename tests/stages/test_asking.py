"""Gates of others at a further look: a PASS is one only where the gate heeds the smaller alpha."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from qlora_gov.plugin.looks import RowLooks
from qlora_gov.plugin.specs import Comparison, MetricTraits, ratio
from qlora_gov.records import Outcome, Verdict
from qlora_gov.stages.asking import ask, heeding
from qlora_gov_gates.rules import AtMost
from qlora_gov_gates.settings import LimitSettings

ROWS = 200


@dataclass
class Foreign:
    """A gate of somebody else, which passes in any case."""

    alpha: Callable[[float], float | None]
    bound: Callable[[float], float | None] = lambda scale: None

    def decide(self, comparison: Comparison) -> Verdict:
        alpha, bound = self.alpha(comparison.alpha_scale), self.bound(comparison.alpha_scale)
        return Verdict(outcome=Outcome.PASS, reason="shown", estimate=0.0, alpha=alpha, bound=bound)


def compared(looks: float) -> Comparison:
    """No hit among rows that were judged so often."""
    stats = np.column_stack([np.zeros(ROWS), np.ones(ROWS)])
    traits = MetricTraits("rate", False, "absolute", True, ratio)
    seen = RowLooks(np.full(ROWS, looks), np.ones(ROWS))
    return Comparison(traits, stats, stats, np.arange(ROWS), alpha_scale=seen.scale, looks=seen)


def outcome(gate: object, looks: float = 1.0, binds: bool = True) -> Verdict:
    comparison = compared(looks)
    return heeding(gate, comparison, ask(gate, comparison, {}), binds)  # type: ignore[arg-type]


HEEDLESS = {
    "no alpha": (
        Foreign(lambda scale: None),
        "does not say at which alpha it tests, and this look takes 0.5 of",
    ),
    "its own alpha": (Foreign(lambda scale: 0.05), "the gate tested at alpha 0.05, and this look takes 0.025"),
    "a bound that stays": (
        Foreign(lambda scale: 0.05 * scale, lambda scale: 0.02),
        "the gate's bound is no further off at a smaller alpha",
    ),
}


@pytest.mark.parametrize(("gate", "why"), HEEDLESS.values(), ids=HEEDLESS)
def test_a_gate_that_does_not_heed_the_smaller_alpha_passes_nothing(gate: Foreign, why: str) -> None:
    found = outcome(gate)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.reason.startswith("shown; no PASS, since")
    assert why in found.reason
    assert outcome(gate, looks=0).outcome is Outcome.PASS, "the first look is at the gate's own alpha"


@pytest.mark.parametrize(("gate", "why"), HEEDLESS.values(), ids=HEEDLESS)
def test_where_that_does_not_bind_it_stands_in_the_verdict(gate: Foreign, why: str) -> None:
    found = outcome(gate, binds=False)
    assert (found.outcome, why in found.reason) == (Outcome.PASS, True)


@pytest.mark.parametrize("looks", [0.01, 0.5, 1, 3])
def test_a_gate_that_heeds_it_passes(looks: float) -> None:
    honest = Foreign(lambda scale: 0.05 * scale, lambda scale: 0.01 - np.log(scale))
    assert outcome(honest, looks).outcome is Outcome.PASS
    assert outcome(Foreign(lambda scale: 0.05 * scale), looks).outcome is Outcome.PASS, "stating the alpha is enough"
    own = outcome(AtMost(LimitSettings(limit=0.1)), looks)
    assert (own.outcome, own.alpha) == (Outcome.PASS, pytest.approx(0.05 * 0.5**looks))


def test_what_did_not_pass_is_left_as_it_is() -> None:
    found = outcome(AtMost(LimitSettings(limit=0.001)))
    assert (found.outcome, "no PASS" in found.reason) == (Outcome.INCONCLUSIVE, False)
