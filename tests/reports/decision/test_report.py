import json

import jsonschema
import pytest
from hypothesis import given, settings

from qlora_gov.canonical import content_id
from qlora_gov.errors import IntegrityError
from qlora_gov.records import Decision, DecisionOutcome, Head, Policy, RuleVerdict
from qlora_gov.reports.decision.report import DecisionReport, decision_json, decision_report
from tests.reports.decision.samples import (
    ADAPTER,
    COMMIT,
    HELD_OUT,
    PASSING,
    ROWS,
    TEXTS,
    UNDECIDED,
    decided,
    refused,
    responses,
    rule,
    with_texts,
)

SCHEMA = DecisionReport.model_json_schema(mode="serialization")


def validated(report: DecisionReport) -> dict:
    text = decision_json(report)
    value = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMA).validate(value)
    assert DecisionReport.model_validate_json(text) == report
    return value


def test_it_says_what_the_records_say() -> None:
    value = validated(refused(look=3))
    assert (value["schema_version"], value["outcome"], value["exploratory"], value["look"]) == (2, "REFUSED", False, 3)
    assert (value["adapter"], value["adapter_digest"], value["commit"]) == (ADAPTER.id, ADAPTER.digest, COMMIT)
    assert value["evaluation_set"] == {"id": HELD_OUT.id, "digest": HELD_OUT.digest, "rows": 169}
    assert value["champion"] == {"base": ADAPTER.base, "adapter": None}
    assert value["reference"]["adapter"] == content_id("pinned")
    assert value["head"] == {"seq": 14, "hash": content_id("entry 14")}
    rules = {item["name"]: item for item in value["rules"]}
    assert list(rules) == ["rouge_l", "pii", "policy", "perplexity", "bleu"]
    assert rules["policy"]["against"] == "reference"
    assert rules["rouge_l"]["gate"] == "gates/non_inferior"
    figures = rules["rouge_l"]["verdict"]
    assert (figures["alpha"], figures["bound"], figures["detectable"], figures["rows_needed"]) == (
        0.05,
        0.0547,
        0.028,
        12,
    )
    assert [part["outcome"] for part in rules["policy"]["verdict"]["slices"]] == [
        "PASS",
        "INCONCLUSIVE",
        "FAIL",
        "FAIL",
    ]
    assert rules["bleu"]["verdict"]["candidate"] == {"absent": "3 rows could not be scored"}
    assert rules["bleu"]["verdict"]["estimate"] is None


def test_rows_are_those_of_rules_that_did_not_pass() -> None:
    assert [len(item.regressed) for item in refused().rules] == [0, 0, len(ROWS), len(ROWS), len(ROWS)]


def test_an_answer_cut_short_is_no_report() -> None:
    value = json.loads(decision_json(decided()))
    del value["rules"][0]["verdict"]["outcome"]
    with pytest.raises(jsonschema.ValidationError, match="'outcome' is a required property"):
        jsonschema.Draft202012Validator(SCHEMA).validate(value)


@settings(max_examples=40)
@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_any_text_comes_back(name: str, metric: str, reason: str, source: str) -> None:
    validated(with_texts(name, metric, reason, source))


UNDECIDED_RULES = (*PASSING, RuleVerdict(rule=rule("policy", "non_inferior", "policy"), verdict=UNDECIDED))


def test_what_a_policy_tolerates() -> None:
    def tolerated(**policy: object) -> list[bool]:
        return [item.tolerated for item in decided(UNDECIDED_RULES, **policy).rules]

    assert tolerated() == [False, False, False]
    assert tolerated(inconclusive="tolerated") == [False, False, True]
    assert tolerated(inconclusive="tolerated", required=("policy",)) == [False, False, False]
    assert [item.tolerated for item in refused(inconclusive="tolerated").rules if item.verdict.outcome == "FAIL"] == [
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("report", "objection"),
    [
        (decided(), None),
        (refused(), None),
        (decided(UNDECIDED_RULES, DecisionOutcome.INCONCLUSIVE), None),
        (decided(UNDECIDED_RULES, inconclusive="tolerated"), None),
        (decided(exploratory=True), "exploratory"),
        (refused(exploratory=True), "exploratory"),
        (decided((), DecisionOutcome.INCONCLUSIVE), "no rules"),
        (decided((), DecisionOutcome.APPROVED), "no rules"),
        (decided(PASSING, DecisionOutcome.INCONCLUSIVE), "it is INCONCLUSIVE"),
        (decided(UNDECIDED_RULES, DecisionOutcome.INCONCLUSIVE, inconclusive="tolerated"), "it is INCONCLUSIVE"),
    ],
)
def test_what_no_rule_shows_is_an_objection(report: DecisionReport, objection: str | None) -> None:
    if objection is None:
        assert report.objection is None
    else:
        assert objection in (report.objection or "")


def test_a_rule_blocks_unless_it_passed_or_is_tolerated() -> None:
    assert [item.blocks for item in refused().rules] == [False, False, True, True, True]
    assert [item.blocks for item in decided(UNDECIDED_RULES, inconclusive="tolerated").rules] == [False, False, False]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"adapter": ADAPTER.model_copy(update={"digest": "sha256:other"})}, "the decision's adapter"),
        ({"candidate": responses(None)}, "the adapter that answered is none"),
        ({"champion": responses(None, dataset="sha256:other")}, "the champion's evaluation set is sha256:other"),
        ({"reference": responses(None, dataset="sha256:other")}, "the reference's evaluation set"),
        ({"evaluation_set": HELD_OUT.model_copy(update={"rows": 168})}, "the candidate's evaluation set"),
    ],
)
def test_records_that_do_not_belong_together_are_refused(changed: dict, message: str) -> None:
    policy = Policy(rules=tuple(item.rule for item in PASSING))
    decision = Decision(
        policy=policy.id,
        candidate="sha256:candidate",
        champion="sha256:champion",
        adapter=ADAPTER.id,
        verdicts=PASSING,
        outcome=DecisionOutcome.APPROVED,
        exploratory=False,
        look=1,
    )
    given = {
        "adapter": ADAPTER,
        "candidate": responses(ADAPTER.id),
        "champion": responses(None),
        "reference": None,
        "evaluation_set": HELD_OUT,
        "regressed": {},
        "project": "qlora_gov.yaml",
        "head": Head(seq=1, hash="sha256:1"),
    }
    assert decision_report(decision, policy, **given).outcome == "APPROVED"
    with pytest.raises(IntegrityError, match=message):
        decision_report(decision, policy, **given | changed)


def test_notices_stand_in_every_form_and_leave_no_trace_where_there_is_none() -> None:
    from qlora_gov.reports.decision.junit import junit_xml
    from qlora_gov.reports.decision.sarif import sarif_json
    from qlora_gov.reports.decision.summary import summary_markdown

    quiet, notice = refused(), "all 200 answers are the champion's, letter for letter: was the adapter applied?"
    told = quiet.model_copy(update={"notices": (notice,)})
    for form in (decision_json, junit_xml, sarif_json, summary_markdown):
        assert "notice" not in form(quiet).lower()
        assert notice in form(told).replace("&apos;", "'")
