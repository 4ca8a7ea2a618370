from collections.abc import Callable
from typing import Any

import pytest
from markupsafe import Markup

from qlora_gov.records import Absent, ContrastKind, Interval, Outcome
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.context.findings import RuleLine
from qlora_gov.reports.card.forest import passes_above, rule_strip, slice_strip, slices_above
from qlora_gov.reports.card.records import CardRecords

NONE = Absent(absent="the rule gave none")


@pytest.fixture
def rules(records: Callable[..., CardRecords], everything: dict[str, Any]) -> dict[str, RuleLine]:
    """The lines of the rules by name."""
    return {line.rule.name: line for line in card_context(records(**everything)).decision.rules}


def test_a_rule_is_drawn_with_what_it_gave(rules: dict[str, RuleLine]) -> None:
    drawn = rule_strip(rules["improves rouge_l"])
    assert isinstance(drawn, Markup)
    assert "<title>improves rouge_l on rouge_l: PASS</title>" in drawn
    assert "the rule passes above the limit -0.02" in drawn
    assert "no difference is 0" in drawn


def test_a_rule_without_an_interval_says_why_it_is_not_drawn(rules: dict[str, RuleLine]) -> None:
    assert rule_strip(rules["policy kept"]) == NONE
    assert rule_strip(rules["bleu kept"]) == NONE


def test_a_limit_on_one_side_has_no_mark_for_no_difference(rules: dict[str, RuleLine]) -> None:
    assert "no difference" not in str(rule_strip(rules["pii below 3%"]))


@pytest.mark.parametrize(
    ("kind", "marked"),
    [("difference", True), ("log_ratio", True), ("scaled_difference", False), ("value", False), (NONE, False)],
)
def test_no_difference_is_zero_where_the_contrast_is_a_difference(
    rules: dict[str, RuleLine], kind: ContrastKind | Absent, marked: bool
) -> None:
    asked = rules["improves rouge_l"].model_copy(update={"contrast": "in other words", "contrast_kind": kind})
    assert ("no difference is 0" in str(rule_strip(asked))) == marked


@pytest.mark.parametrize(
    ("outcome", "estimate", "bound", "above"),
    [
        (Outcome.PASS, 0.3, 0.2, True),
        (Outcome.PASS, -0.3, -0.2, False),
        (Outcome.FAIL, 0.3, 0.2, False),
        (Outcome.FAIL, -0.3, -0.2, True),
        (Outcome.INCONCLUSIVE, 0.3, -0.2, True),
        (Outcome.INCONCLUSIVE, 0.3, 0.5, False),
        (Outcome.INCONCLUSIVE, 0.3, NONE, None),
        (Outcome.PASS, NONE, NONE, None),
    ],
)
def test_the_passing_side_follows_from_what_a_rule_found(
    rules: dict[str, RuleLine], outcome: Outcome, estimate: float, bound: float, above: bool | None
) -> None:
    update = {"outcome": outcome, "estimate": estimate, "bound": bound, "threshold": 0.0}
    assert passes_above([rules["improves rouge_l"].model_copy(update=update)]) is above


def test_slices_are_drawn_on_the_side_of_their_rule(
    records: Callable[..., CardRecords], everything: dict[str, Any]
) -> None:
    context = card_context(records(**everything))
    assert not isinstance(context.slices, Absent)
    (sliced,) = context.slices
    above = slices_above(sliced, context.decision.rules)
    german, english = (slice_strip(line, above) for line in sliced.slices)
    assert (above, german) == (True, NONE)
    assert "the rule passes above the limit -0.05" in str(english)


def test_what_was_not_computed_is_not_drawn(rules: dict[str, RuleLine]) -> None:
    open_ended = Interval(low=None, high=0.2, level=0.95, method="t")
    line = rules["improves rouge_l"].model_copy(update={"interval": open_ended, "bound": NONE, "detectable": NONE})
    drawn = str(rule_strip(line))
    assert "interval at most 0.2 (95%)" in drawn
    assert "bound" not in drawn
    assert "detectable" not in drawn
