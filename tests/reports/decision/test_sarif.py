import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings

from qlora_gov import __version__
from qlora_gov.canonical import content_id
from qlora_gov.records import Absent, DecisionOutcome, Interval, Outcome, Verdict
from qlora_gov.reports.decision.locations import project_location, row_location, source_location
from qlora_gov.reports.decision.report import DecisionReport
from qlora_gov.reports.decision.sarif import baseline_state, sarif_json
from tests.reports.decision.samples import (
    ADAPTER,
    BROKEN,
    COMMIT,
    FAILED,
    HELD_OUT,
    PASSED,
    PASSING,
    ROWS,
    TEXTS,
    UNDECIDED,
    WITHIN,
    decided,
    refused,
    with_texts,
)

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)
RELATIVE = re.compile(r"(?![A-Za-z][A-Za-z0-9+.-]*:)(?!/)(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+")  # RFC 3986, as quoted


def run_of(report: DecisionReport) -> dict[str, Any]:
    """The one run of a log that is valid, and keeps the standard's rules that its schema cannot say."""
    log = json.loads(sarif_json(report))
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["level"] == "none") == (result["kind"] != "fail")
        assert result["baselineState"] in {"new", "unchanged", "updated"}
        assert not re.search(r"(?<!\{)\{(\{\{)*(?!\{)|\]\(", result["message"]["text"])
        (location,) = result["locations"]
        artifact = location["physicalLocation"]["artifactLocation"]
        assert RELATIVE.fullmatch(artifact["uri"])
        assert artifact["uriBaseId"] in run["originalUriBaseIds"]
    return run


def shown(report: DecisionReport) -> list[tuple[str, str, str, str]]:
    results = [result for result in run_of(report)["results"] if "rowId" not in result["partialFingerprints"]]
    return [(result["ruleId"], result["kind"], result["level"], result["baselineState"]) for result in results]


def test_a_result_for_each_rule() -> None:
    assert shown(refused()) == [
        ("rouge_l", "pass", "none", "updated"),
        ("pii", "pass", "none", "unchanged"),
        ("policy", "review", "none", "unchanged"),
        ("perplexity", "fail", "error", "new"),
        ("bleu", "fail", "error", "new"),
    ]


def test_the_rows_of_a_failed_rule_follow_it_without_their_text() -> None:
    results = run_of(refused())["results"]
    at = next(at for at, result in enumerate(results) if result["ruleId"] == "perplexity")
    rows = [result for result in results if result["ruleId"] == "perplexity"][1:]
    assert results[at + 1 : at + 1 + len(ROWS)] == rows
    assert [row["partialFingerprints"] for row in rows] == [{"rowId": row.example} for row in ROWS]
    assert {(row["kind"], row["level"], row["baselineState"]) for row in rows} == {("fail", "note", "new")}
    assert rows[0]["message"] == {"text": "Row 3 lost: champion 9.5, candidate 37."}
    assert rows[0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "evaluation.jsonl", "uriBaseId": "SOURCES"},
        "region": {"startLine": 4},
    }
    assert set(rows[0]["properties"]) == {"row", "example", "candidate", "baseline"}


def test_the_rows_of_a_rule_that_could_not_tell_are_for_review() -> None:
    rows = [result for result in run_of(refused())["results"] if result["ruleId"] == "policy"][1:]
    assert {(row["kind"], row["level"]) for row in rows} == {("review", "none")}


def test_the_run_says_who_made_it_and_of_what() -> None:
    report = refused()
    run = run_of(report)
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("qlora_gov", __version__)
    assert [item["id"] for item in driver["rules"]] == ["rouge_l", "pii", "policy", "perplexity", "bleu"]
    assert driver["rules"][2]["shortDescription"]["text"] == (
        "A rule of the release policy: the gate gates/no_regressed_slice judges policy."
    )
    assert run["automationDetails"] == {"id": f"qlora_gov/gate/{report.decision}"}
    assert "versionControlProvenance" not in run  # it takes the repository's address, which nothing here knows
    properties = run["properties"]
    assert (properties["decision"], properties["policy"], properties["adapter"]) == (
        report.decision,
        report.policy,
        ADAPTER.id,
    )
    assert (properties["champion"], properties["reference"]) == ("base", content_id("pinned"))
    assert (properties["commit"], properties["dirty"]) == (COMMIT, False)
    assert properties["evaluationSet"] == HELD_OUT.id


@pytest.mark.parametrize(
    ("report", "why"),
    [
        (decided(exploratory=True), "it is exploratory"),
        (decided(PASSING, DecisionOutcome.INCONCLUSIVE), "it is INCONCLUSIVE"),
    ],
)
def test_a_decision_that_cannot_promote_has_a_failing_result(report: DecisionReport, why: str) -> None:
    assert shown(report)[-1] == ("decision", "fail", "error", "new")
    assert f"This decision cannot promote: {why}" in run_of(report)["results"][-1]["message"]["text"]


def test_an_approval_has_no_failing_result() -> None:
    assert {kind for _, kind, _, _ in shown(decided())} == {"pass"}


def changed(verdict: Verdict, **update: Any) -> Verdict:
    return verdict.model_copy(update=update)


def spread(low: float | None, high: float | None) -> Interval:
    return Interval(low=low, high=high, level=0.95, method="t")


OVER = {"outcome": Outcome.FAIL, "estimate": 0.2, "candidate": 0.2}
UNDER = {"outcome": Outcome.FAIL, "estimate": 0.2, "candidate": 0.2, "threshold": 0.5}


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (PASSED, "updated"),
        (changed(PASSED, interval=spread(-0.2, -0.1)), "updated"),
        (changed(PASSED, interval=spread(-0.01, 0.1)), "unchanged"),
        (changed(PASSED, interval=spread(0.0, None)), "unchanged"),
        (changed(PASSED, interval=None), "unchanged"),
        (changed(PASSED, contrast_kind="scaled_difference"), "unchanged"),
        (WITHIN, "unchanged"),
        (UNDECIDED, "unchanged"),
        (FAILED, "new"),
        (changed(FAILED, candidate=1.0, baseline=1.0), "new"),
        (changed(WITHIN, **OVER, baseline=0.01), "new"),
        (changed(WITHIN, **OVER, baseline=0.03), "new"),
        (changed(WITHIN, **OVER, baseline=0.1), "unchanged"),
        (changed(WITHIN, **UNDER, baseline=0.6), "new"),
        (changed(WITHIN, **UNDER, baseline=0.1), "unchanged"),
        (changed(WITHIN, **UNDER, baseline=Absent(absent="none")), "new"),
        (BROKEN, "new"),
        (changed(BROKEN, baseline=Absent(absent="none")), "unchanged"),
        (changed(BROKEN, baseline=None), "new"),
    ],
)
def test_baseline_state(verdict: Verdict, state: str) -> None:
    assert baseline_state(verdict) == state


@settings(max_examples=20)
@given(TEXTS, TEXTS, TEXTS, TEXTS)
@example("decision", "x", "{0} [a](1)", "/home/someone/secret/data.jsonl:7")
def test_no_text_breaks_it(name: str, metric: str, reason: str, source: str) -> None:
    kinds = [(result["kind"], result["level"]) for result in run_of(refused())["results"]]
    found = run_of(with_texts(name, metric, reason, source))["results"]
    assert [(result["kind"], result["level"]) for result in found] == kinds


@pytest.mark.parametrize(
    ("source", "uri", "line"),
    [
        ("data.jsonl:12", "data.jsonl", 12),
        ("my data/a%b é.jsonl:1", "my%20data/a%25b%20%C3%A9.jsonl", 1),
        ("org/set:train:7", "org/set%3Atrain", 7),
        ("https://host/x:3", "https%3A//host/x", 3),
        ("/home/me/data.jsonl:3", "data.jsonl", 3),
        ("data.jsonl:0", "data.jsonl%3A0", None),
        ("a document", "a%20document", None),
        ("a\nb:2", "a%0Ab", 2),
        ("", ".", None),
    ],
)
def test_a_source_is_a_relative_reference_with_its_line(source: str, uri: str, line: int | None) -> None:
    location = source_location(source)["physicalLocation"]
    assert location["artifactLocation"] == {"uri": uri, "uriBaseId": "SOURCES"}
    assert location.get("region") == (None if line is None else {"startLine": line})


def test_the_project_file_is_where_its_rules_are() -> None:
    physical = project_location("examples/finance support/qlora_gov.yaml")["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "examples/finance%20support/qlora_gov.yaml"
    assert physical["region"] == {"startLine": 1}


def test_a_row_whose_file_is_known_is_linked_from_the_repository_s_root() -> None:
    row = ROWS[0].model_copy(update={"source": "rows.jsonl:7", "file": "release/größe data/rows.jsonl"})
    location = row_location(row)["physicalLocation"]
    uri = "release/gr%C3%B6%C3%9Fe%20data/rows.jsonl"
    assert location == {"artifactLocation": {"uri": uri, "uriBaseId": "SRCROOT"}, "region": {"startLine": 7}}
    assert "file" not in ROWS[0].model_dump()
    assert row.model_dump()["file"] == "release/größe data/rows.jsonl"
