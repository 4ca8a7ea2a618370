from collections.abc import Callable
from typing import Any

import pytest

from qlora_gov.records import Absent, Interval, Outcome
from qlora_gov.reports.card.records import CardRecords
from qlora_gov.reports.card.verdicts import decision_part, policy_part, sliced_rules


def test_the_worst_rules_come_first(records: Callable[..., CardRecords], everything: dict[str, Any]) -> None:
    given = records(**everything)
    part = decision_part(given.decision, given.policy)
    assert [line.outcome for line in part.rules] == 2 * [Outcome.FAIL] + 2 * [Outcome.INCONCLUSIVE] + 2 * [Outcome.PASS]
    assert [line.rule.name for line in part.rules if line.required] == ["pii below 3%"]


def test_a_rule_says_all_that_its_verdict_has(records: Callable[..., CardRecords], refused: dict[str, Any]) -> None:
    given = records(**refused)
    lines = {line.rule.name: line for line in decision_part(given.decision, given.policy).rules}
    rouge, broken = lines["improves rouge_l"], lines["bleu kept"]
    numbers = (rouge.alpha, rouge.bound, rouge.detectable, rouge.rows_needed, rouge.rows_planned)
    assert numbers == (0.05, 0.0549, 0.0272, 16, 311)
    nothing = Absent(absent="the rule gave none")
    left_out = (broken.baseline, broken.estimate, broken.interval, broken.alpha, broken.rows_needed, broken.contrast)
    assert left_out == 6 * (nothing,)


def test_an_interval_without_an_end_is_none(records: Callable[..., CardRecords]) -> None:
    given = records()
    verdicts = [
        item.model_copy(
            update={
                "verdict": item.verdict.model_copy(
                    update={"interval": Interval(low=None, high=None, level=0.95, method="t")}
                )
            }
        )
        for item in given.decision.verdicts
    ]
    part = decision_part(given.decision.model_copy(update={"verdicts": tuple(verdicts)}), given.policy)
    assert all(isinstance(line.interval, Absent) for line in part.rules)


@pytest.mark.parametrize(
    ("further_looks", "look", "words"),
    [
        ("halve_alpha", 1, "will be tested at half the alpha"),
        ("halve_alpha", 2, "tested at 1/2 of its own"),
        ("halve_alpha", 12, "tested at 1/2,048 of its own"),
        ("fresh_rows", 1, "it takes fresh ones"),
        ("fresh_rows", 2, "no rule of this one could"),
        ("count", 2, "at the same alpha as the first"),
    ],
)
def test_what_a_further_look_costs(
    records: Callable[..., CardRecords], further_looks: str, look: int, words: str
) -> None:
    given = records(look=look, policy_fields={"further_looks": further_looks})
    assert words in policy_part(given.policy, given.decision).further_looks


def test_what_a_rule_that_could_not_tell_does(records: Callable[..., CardRecords]) -> None:
    for setting, words in (("blocks", "keeps the adapter from release"), ("tolerated", "is tolerated")):
        given = records(policy_fields={"inconclusive": setting})
        assert words in policy_part(given.policy, given.decision).inconclusive


def test_slices_keep_the_order_of_the_gate(records: Callable[..., CardRecords], everything: dict[str, Any]) -> None:
    sliced = sliced_rules(records(**everything).decision)
    assert not isinstance(sliced, Absent)
    (rule,) = sliced
    assert rule.rule.against == "reference"
    assert [line.slice for line in rule.slices] == ["de", "en"]
    assert (rule.slices[0].estimate, rule.slices[1].estimate) == (Absent(absent="the rule gave none"), 0.0713)
    assert sliced_rules(records().decision) == Absent(absent="no rule of the policy looks at slices")
