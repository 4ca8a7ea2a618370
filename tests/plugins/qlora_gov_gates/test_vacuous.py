"""Rules that every candidate passes, or none can, by the range of the metric."""

from __future__ import annotations

import math
from typing import Any

import pytest

from qlora_gov import GateSpec, MetricScale
from qlora_gov_gates import qlora_gov_gates

RATE = MetricScale("rate", False, "absolute", (0, 1), True)
SHARE = MetricScale("share", True, "absolute", (0, 1), True)
BLEU = MetricScale("bleu", True, "relative", (0, 100))
PERPLEXITY = MetricScale("perplexity", False, "relative", (1, math.inf))
UNKNOWN = MetricScale("score", True, "absolute")
GATES: dict[str, GateSpec] = {spec.name: spec for spec in qlora_gov_gates()}


def why(use: str, scale: MetricScale, **settings: Any) -> str | None:
    spec = GATES[use]
    assert spec.config is not None
    assert spec.vacuous is not None
    return spec.vacuous(spec.config(**settings), scale)


@pytest.mark.parametrize(
    ("use", "scale", "settings", "what"),
    [
        ("at_least", SHARE, {"limit": -1}, "any candidate passes a limit of -1"),
        ("at_least", SHARE, {"limit": 0}, "share is between 0 and 1, so that any candidate passes a limit of 0"),
        ("at_least", SHARE, {"limit": 1}, "no candidate can pass a limit of 1"),
        ("at_least", SHARE, {"limit": 5}, "no candidate can pass"),
        ("at_most", RATE, {"limit": 1}, "any candidate passes a limit of 1"),
        ("at_most", RATE, {"limit": 5}, "any candidate passes"),
        ("at_most", RATE, {"limit": 0}, "no candidate can pass"),
        (
            "at_most",
            PERPLEXITY,
            {"limit": 0.5},
            "perplexity is at least 1, so that no candidate can pass a limit of 0.5",
        ),
        ("at_least", PERPLEXITY, {"limit": 1}, "any candidate passes"),
        ("non_inferior", SHARE, {"margin": 5}, "no candidate can be worse by 5"),
        ("non_inferior", RATE, {"margin": 1}, "no candidate can be worse by 1"),
        ("non_inferior", BLEU, {"margin": 5}, "a relative margin of 5 is no share"),
        ("non_inferior", PERPLEXITY, {"margin": 1}, "a relative margin of 1 is no share"),
        ("non_inferior", SHARE, {"margin": 1, "kind": "relative"}, "a relative margin of 1 is no share"),
        ("non_inferior", BLEU, {"margin": 100, "kind": "absolute"}, "no candidate can be worse by 100"),
        ("no_regressed_slice", SHARE, {"by": "intent", "margin": 1.5}, "no candidate can be worse"),
        ("no_regressed_slice", SHARE, {"by": "intent", "margin": 0.1, "margins": {"a": 2}}, "worse by 2"),
        ("improves", SHARE, {"by": 1}, "no candidate can be better by more than 1"),
        ("non_inferior", UNKNOWN, {"margin": 0.1, "alpha": 0.49}, "exactly on the limit passes in 49% of cases"),
        ("at_most", UNKNOWN, {"limit": 0.1, "alpha": 0.3}, "at alpha 0.3"),
        ("at_least", UNKNOWN, {"limit": 0.1, "alpha": 0.3}, "at alpha 0.3"),
        ("improves", UNKNOWN, {"alpha": 0.3}, "at alpha 0.3"),
        ("no_regressed_slice", SHARE, {"by": "a", "margin": 0.1, "alpha": 0.3}, "at alpha 0.3"),
    ],
)
def test_a_rule_that_says_nothing_says_why(use: str, scale: MetricScale, settings: dict[str, Any], what: str) -> None:
    assert what in str(why(use, scale, **settings))


@pytest.mark.parametrize(
    ("use", "scale", "settings"),
    [
        ("at_least", SHARE, {"limit": 0.01}),
        ("at_most", RATE, {"limit": 0.99}),
        ("at_most", UNKNOWN, {"limit": 1000}),
        ("at_most", PERPLEXITY, {"limit": 1000}),
        ("at_least", BLEU, {"limit": 99}),
        ("non_inferior", SHARE, {"margin": 0.9}),
        ("non_inferior", BLEU, {"margin": 5, "kind": "absolute"}),
        ("non_inferior", PERPLEXITY, {"margin": 5, "kind": "absolute"}),
        ("non_inferior", UNKNOWN, {"margin": 5}),
        ("no_regressed_slice", SHARE, {"by": "intent", "margin": 0.5}),
        ("improves", SHARE, {}),
        ("improves", UNKNOWN, {"by": 100, "alpha": 0.2}),
    ],
)
def test_a_rule_that_says_something_is_left_alone(use: str, scale: MetricScale, settings: dict[str, Any]) -> None:
    assert why(use, scale, **settings) is None
