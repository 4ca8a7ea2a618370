from pathlib import Path

import pytest
from hypothesis import given, settings
from lxml import etree

from qlora_gov.canonical import content_id
from qlora_gov.records import DecisionOutcome, RuleVerdict
from qlora_gov.reports.decision.junit import Undecided, junit_xml
from qlora_gov.reports.decision.report import DecisionReport
from tests.reports.decision.samples import ADAPTER, PASSING, TEXTS, UNDECIDED, decided, refused, rule, with_texts

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "schemas" / "junit.xsd"))
WITH_UNDECIDED = (*PASSING, RuleVerdict(rule=rule("policy", "non_inferior", "policy"), verdict=UNDECIDED))


def suite_of(report: DecisionReport, undecided: Undecided = "failure") -> etree._Element:
    """The one suite of a document that is valid, and whose counts are those of its test cases."""
    root = etree.fromstring(junit_xml(report, undecided).encode())
    SCHEMA.assertValid(root)
    (suite,) = root
    cases = suite.findall("testcase")
    for counted, tag in (("failures", "failure"), ("errors", "error")):
        assert int(suite.get(counted)) == int(root.get(counted)) == sum(case.find(tag) is not None for case in cases)
    assert int(suite.get("skipped")) == sum(case.find("skipped") is not None for case in cases)
    assert int(suite.get("tests")) == int(root.get("tests")) == len(cases)
    return suite


def outcomes(report: DecisionReport, undecided: Undecided = "failure") -> dict[tuple[str, str], str | None]:
    cases = suite_of(report, undecided).findall("testcase")
    return {(case.get("classname"), case.get("name")): case[0].tag if len(case) else None for case in cases}


def test_every_rule_and_slice_is_a_test_case() -> None:
    assert outcomes(refused()) == {
        ("gate.rouge_l", "rouge_l"): None,
        ("gate.pii_rate", "pii"): None,
        ("gate.policy", "policy"): "failure",
        ("gate.policy", "policy [language=en]"): None,
        ("gate.policy", "policy [language=de]"): "failure",
        ("gate.policy", "policy [language=fr]"): "failure",
        ("gate.policy", "policy [language=it]"): "error",
        ("gate.perplexity", "perplexity"): "failure",
        ("gate.bleu", "bleu"): "error",
    }


def test_an_approval_is_green() -> None:
    assert set(outcomes(decided()).values()) == {None}


def test_what_could_not_tell_is_skipped_on_request_or_where_the_policy_tolerates_it() -> None:
    slices = ("policy", "policy [language=de]")
    asked = outcomes(decided(WITH_UNDECIDED, DecisionOutcome.INCONCLUSIVE), "skipped")
    tolerated = outcomes(decided(WITH_UNDECIDED, inconclusive="tolerated"))
    for found in (asked, tolerated):
        assert {name for (_, name), tag in found.items() if tag == "skipped"} == set(slices)


@pytest.mark.parametrize(
    ("report", "why"),
    [
        (decided(exploratory=True), "it is exploratory: the policy was recorded after the candidate answered"),
        (decided((), DecisionOutcome.INCONCLUSIVE), "the policy has no rules"),
        (decided(PASSING, DecisionOutcome.INCONCLUSIVE), "it is INCONCLUSIVE"),
    ],
)
@pytest.mark.parametrize("undecided", ["failure", "skipped"])
def test_a_decision_that_cannot_promote_is_never_green(report: DecisionReport, why: str, undecided: Undecided) -> None:
    assert outcomes(report, undecided)["gate", "decision"] == "failure"
    (case,) = (case for case in suite_of(report, undecided).findall("testcase") if case.get("name") == "decision")
    assert case[0].get("message").startswith(why)


def test_a_failure_says_why_and_which_rows() -> None:
    case = next(case for case in suite_of(refused()).findall("testcase") if case.get("name") == "perplexity")
    assert case[0].get("type") == "FAIL"
    assert "41.2% higher" in case[0].get("message")
    lines = case[0].text.splitlines()
    assert len(lines) == 8
    assert lines[1] == f"row 3 (evaluation.jsonl:4, example {content_id(3)}): champion 9.5, candidate 37"


def test_the_properties_identify_the_decision() -> None:
    report = refused()
    properties = {item.get("name"): item.get("value") for item in suite_of(report).find("properties")}
    assert properties["decision"] == report.decision
    assert properties["policy"] == report.policy
    assert properties["adapter"] == ADAPTER.id
    assert properties["outcome"] == "REFUSED"
    assert properties["champion"] == "base"
    assert properties["reference"] == content_id("pinned")
    assert properties["ledger_head"] == content_id("entry 14")
    assert "reference" not in {item.get("name") for item in suite_of(decided()).find("properties")}


@settings(max_examples=40)
@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_no_text_breaks_it(name: str, metric: str, reason: str, source: str) -> None:
    cases = suite_of(with_texts(name, metric, reason, source)).findall("testcase")
    assert [case[0].tag if len(case) else None for case in cases] == list(outcomes(refused()).values())


def test_what_xml_cannot_hold_is_named() -> None:
    text = "a\x00b\ufffec\u202ed]]>"
    cases = suite_of(with_texts("rule", text, text, "x:1")).findall("testcase")
    assert cases[0].get("classname") == "gate.a{U+0000}b{U+FFFE}c{U+202E}d]]>"
    assert cases[-1][0].get("message") == "a{U+0000}b{U+FFFE}c{U+202E}d]]>"


def test_from_the_second_edition_on_a_test_case_names_the_project_file() -> None:
    report = refused(edition=2, project="release/qlora_gov.yaml")
    cases = suite_of(report).findall("testcase")
    assert {case.get("file") for case in cases} == {"release/qlora_gov.yaml"}
    assert {case.get("file") for case in suite_of(refused()).findall("testcase")} == {None}
