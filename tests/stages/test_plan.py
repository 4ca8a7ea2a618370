"""Rows to plan for, by exact chances where a method has them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multinomial

from qlora_gov.records import Component, Rule, RuleVerdict, Verdict
from qlora_gov.stages.gate import GateInput
from qlora_gov.stages.plan import POWER, chance_of_pass, planned
from qlora_gov.stats import METHODS, newest_methods, no_worse
from tests.stages.test_gate import CANDIDATE_SIDE, CHAMPION_SIDE, EXAMPLES, SOUND

METHOD = newest_methods()


@pytest.mark.parametrize(("rows", "discordant", "margin", "alpha"), [(30, 0.1, 0.2, 0.05), (60, 0.3, 0.15, 0.025)])
def test_the_chance_of_a_pass_is_the_sum_over_all_tables_that_pass(
    rows: int, discordant: float, margin: float, alpha: float
) -> None:
    rule = no_worse(margin, "absolute", higher_is_better=True)
    score = METHODS[METHOD].paired_score
    tables = np.array(
        [
            (gained, lost, rows - gained - lost)
            for lost in range(rows + 1)
            for gained in range(rows + 1 - lost)
            if lost < 3 * rows * discordant + 5
            if gained < 3 * rows * discordant + 5
            if rule.holds(score(gained, lost, rows), alpha)
        ]
    )
    likely = multinomial.pmf(tables, rows, [discordant / 2, discordant / 2, 1 - discordant]).sum()
    assert chance_of_pass(rows, discordant, margin, alpha, METHOD) == pytest.approx(likely, abs=1e-3)


def test_the_rows_planned_for_a_difference_have_the_power_that_they_are_planned_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The normal distribution says 155; the method needs more."""
    verdict = Verdict(
        outcome="INCONCLUSIVE", reason="r", contrast_kind="difference", threshold=-0.1, rows=4, clusters=4, alpha=0.05,
        rows_planned=155,
    )  # fmt: skip
    found = plan_of(verdict, binary=True, monkeypatch=monkeypatch)
    assert found.exact
    assert found.verdict.rows_planned is not None
    assert chance_of_pass(found.verdict.rows_planned, 0.25, 0.1, 0.05, METHOD) >= POWER
    assert chance_of_pass(found.verdict.rows_planned * 9 // 10, 0.25, 0.1, 0.05, METHOD) < POWER


@pytest.mark.parametrize(
    ("binary", "changes", "exact"),
    [
        (False, {}, False),
        (True, {"clusters": 2}, False),
        (True, {"contrast_kind": "value"}, True),
        (True, {"contrast_kind": "log_ratio"}, False),
        (True, {"rows_planned": None}, False),
    ],
)
def test_what_has_no_exact_chance_is_planned_for_about(
    monkeypatch: pytest.MonkeyPatch, binary: bool, changes: dict[str, object], exact: bool
) -> None:
    given: dict[str, object] = {"contrast_kind": "difference", "rows": 4, "clusters": 4, "rows_planned": 99}
    given |= {"threshold": -0.1, "alpha": 0.05} | changes
    found = plan_of(Verdict(outcome="INCONCLUSIVE", reason="r", **given), binary, monkeypatch)  # type: ignore[arg-type]
    assert (found.exact, found.verdict.rows_planned) == (exact, given["rows_planned"])


def plan_of(verdict: Verdict, binary: bool, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """The plan of one rule on a quarter of discordant rows."""
    from dataclasses import replace

    from qlora_gov.stages import plan

    monkeypatch.setattr(plan, "_discordant", lambda rule, given: 0.25)
    measure = replace(SOUND, traits=replace(SOUND.traits, binary=binary))
    gate = Component(name="g", distribution="d", version="0", source="sha256:0", settings={})
    rule = Rule(name="rule", gate=gate, metric="sound")
    given = GateInput(CANDIDATE_SIDE, {"champion": CHAMPION_SIDE}, EXAMPLES, [measure])
    (found,) = planned([RuleVerdict(rule=rule, verdict=verdict)], given)
    return found
