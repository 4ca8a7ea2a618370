"""Policy compliance: each kind of rule, and every way a rule file can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from qlora_gov import EvaluatedRow, Example, Message, ProjectError
from qlora_gov_metrics.compliance import ComplianceSettings, PolicyCompliance

EXAMPLE = Path(__file__).parents[3] / "examples" / "finance_support"

RULES = r"""
rules:
  - {id: disclaimer, says: warn of risk, kind: must_match, pattern: '(?i)capital is at risk', intents: [invest]}
  - {id: promise, says: promise nothing, kind: must_not_match, pattern: '(?i)\bguarantee'}
  - {id: account, says: repeat no number, kind: must_not_repeat, pattern: '\b\d{4}[ -]?\d{4}\b|x*'}
"""


@pytest.fixture
def compliance(tmp_path):
    def load(text: str) -> PolicyCompliance:
        (tmp_path / "rules.yaml").write_text(text, encoding="utf-8")
        return PolicyCompliance(ComplianceSettings.model_validate({"rules": "rules.yaml"}, context={"root": tmp_path}))

    return load


@pytest.mark.parametrize(
    ("response", "question", "intent", "expected"),
    [
        ("Your Capital is at risk.", "", "invest", 1),
        ("Buy now.", "", "invest", 0),
        ("Buy now.", "", "other", 1),
        ("Buy now.", "", None, 1),
        ("We guarantee it. Capital is at risk.", "", "invest", 0),
        ("I see account 12345678.", "It is 1234 5678.", None, 0),
        ("I see account 1234-5678.", "It is 1234 5678.", None, 0),
        ("I see 1234\u20115678.", "It is 1234\u00a05678, or 1234-5678.", None, 0),  # no-break hyphen
        ("I see account 8765-4321.", "It is 1234 5678.", None, 1),
        ("", "It is 1234 5678.", None, 1),
    ],
)
def test_compliant_is_what_breaks_no_rule_that_applies(compliance, make_row, response, question, intent, expected):
    row = make_row(response, question=question, intent=intent)
    assert compliance(RULES).score_row(row) == expected


def test_every_user_turn_counts_for_a_repetition_and_no_other_turn(compliance):
    roles = ("system", "user", "assistant", "user", "assistant")
    texts = ("1111 1111", "1234 5678", "2222 2222", "So?", "")
    turns = tuple(Message(role=role, content=text) for role, text in zip(roles, texts, strict=True))
    example = Example(messages=turns, group="a", source="x:1")
    responses = ("1234 5678", "1111 1111", "2222 2222")
    scores = [compliance(RULES).score_row(EvaluatedRow(example, response)) for response in responses]
    assert scores == [0, 1, 1]


def test_statistics_are_hits_and_rows(compliance, make_row):
    metric = compliance(RULES)
    stats, scored = metric.score([make_row("fine"), make_row("guaranteed"), make_row(None)])
    assert scored.tolist() == [True, True, False]
    assert stats[scored].tolist() == [[1, 1], [0, 1]]
    assert metric.aggregate(stats[scored].sum(axis=0)) == 0.5
    assert np.isnan(metric.aggregate(np.zeros(2)))


def test_the_references_of_the_shipped_example_obey_its_rules():
    settings = ComplianceSettings.model_validate({"rules": "policy_rules.yaml"}, context={"root": EXAMPLE})
    metric = PolicyCompliance(settings)
    for line in (EXAMPLE / "data" / "evaluation.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        example = Example(messages=row["messages"], group=row["group"], intent=row["intent"], source="evaluation.jsonl")
        assert metric.score_row(EvaluatedRow(example, example.reference)) == 1, example.reference


def rule(**changes: object) -> str:
    sound = {"id": "a", "says": "x", "kind": "must_match", "pattern": "x"}
    return json.dumps({"rules": [{**sound, **changes}]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (rule(pattern="(x"), r"rule 'a': pattern: not a regular expression: missing \)"),
        (rule(pattern=7), "rule 'a': pattern: not a regular expression"),
        (rule(kind="must"), "rule 'a': kind: Input should be 'must_match', 'must_not_match' or 'must_not_repeat'"),
        (rule(intent=["x"]), "rule 'a': intent: unknown key; known: id, says, kind, pattern, intents"),
        (rule(intents=[]), "rule 'a': intents: .*at least 1"),
        ("rules: [{says: x}]", "rule number 1: id: Field required"),
        ("rules: [7]", "rule number 1: "),
        ("rules: []", "rules: .*at least 1"),
        ("policy: []\nrules: [{id: a, says: x, kind: must_match, pattern: x}]", "policy: unknown key; known: rules"),
        ("rules: &r [{id: a, says: x, kind: must_match, pattern: x}, {id: a, says: x, kind: must_match, pattern: x}]",
         "rules: 2 rules have the id 'a'"),
        ("7", "valid dictionary"),
        ("rules: [", "not valid YAML"),
    ],
)  # fmt: skip
def test_a_wrong_rule_file_is_one_line_that_names_file_and_rule(compliance, text, message):
    with pytest.raises(ProjectError, match=message) as caught:
        compliance(text)
    assert "rules.yaml: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_text_is_named(tmp_path):
    (tmp_path / "rules.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProjectError, match="cannot be read"):
        PolicyCompliance(ComplianceSettings.model_validate({"rules": "rules.yaml"}, context={"root": tmp_path}))
