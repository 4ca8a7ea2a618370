"""A decision as SARIF 2.1.0, the format of static analysis results: a rule of the policy is a rule of the tool.

The standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. A result's ``baselineState`` compares
it with the same rule on whom the rule is against, the champion or the reference:

- ``new``: the rule fails, and the baseline is not seen to fail it; a loss against the baseline is always new;
- ``unchanged``: the baseline has the same result, or no difference to it was shown;
- ``updated``: the rule does not fail, and its interval shows a difference to the baseline.

``absent`` would be a result of the baseline that the candidate has not; every rule has a result on both. There is no
``versionControlProvenance``, which needs the repository's address: a git commit alone stands in the run's properties.
"""

from __future__ import annotations

import json
from typing import Any

from qlora_gov import __version__
from qlora_gov.records import NO_DIFFERENCE_IS_ZERO, Absent, Outcome, Verdict
from qlora_gov.reports.decision.locations import BASES, project_location, row_location
from qlora_gov.reports.decision.regressed import RegressedRow
from qlora_gov.reports.decision.report import ComparedWith, DecisionReport, RuleReport
from qlora_gov.text import one_line

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_KINDS = {Outcome.PASS: "pass", Outcome.FAIL: "fail", Outcome.INCONCLUSIVE: "review"}

Object = dict[str, Any]


def sarif_json(report: DecisionReport) -> str:
    """The decision as a SARIF log of one run, as JSON text.

    Each rule has one result, located in the project file, and one more for each of its regressed rows, located where
    the example came from. Where the decision cannot promote although no rule shows it, a further result says why.
    """
    descriptors = [_descriptor(rule) for rule in report.rules]
    results = [result for at, rule in enumerate(report.rules) for result in _results(report, rule, at)]
    if report.objection:
        text = "Whether a decision can promote its candidate, beside what its rules say."
        descriptors.append({"id": "decision", **_described(text)})
        results.append(_objection(report, report.objection, len(report.rules)))
    run = {
        "tool": {"driver": {"name": "qlora_gov", "version": __version__, "rules": descriptors}},
        "automationDetails": {"id": f"qlora_gov/gate/{report.decision}"},
        "originalUriBaseIds": BASES,
        "results": results,
        "properties": _properties(report),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _properties(report: DecisionReport) -> Object:
    return {
        "decision": report.decision,
        "outcome": report.outcome,
        "exploratory": report.exploratory,
        "look": report.look,
        "policy": report.policy,
        "adapter": report.adapter,
        "adapterDigest": report.adapter_digest,
        "champion": _name(report.champion),
        **({"reference": _name(report.reference)} if report.reference else {}),
        "evaluationSet": report.evaluation_set.id,
        "ledgerHead": report.head.hash,
        **({"notices": [one_line(notice) for notice in report.notices]} if report.notices else {}),
        **({"commit": report.commit, "dirty": report.dirty} if report.commit else {}),
    }


def _name(side: ComparedWith) -> str:
    return side.adapter or "base"


def _descriptor(rule: RuleReport) -> Object:
    text = f"A rule of the release policy: the gate {rule.gate} judges {rule.metric}."
    properties = {"gate": rule.gate, "metric": rule.metric, "against": rule.against, "tolerated": rule.tolerated}
    return {"id": rule.name, **_described(text), "properties": properties}


def _described(text: str) -> Object:
    """The texts of a rule; some readers want all three."""
    return {key: _message(text) for key in ("shortDescription", "fullDescription", "help")}


def _results(report: DecisionReport, rule: RuleReport, at: int) -> list[Object]:
    verdict = rule.verdict
    common = {"ruleId": rule.name, "ruleIndex": at, "kind": _KINDS[verdict.outcome]}
    failed = verdict.outcome is Outcome.FAIL
    whole = {
        **common,
        "level": "error" if failed else "none",
        "baselineState": baseline_state(verdict),
        "message": _message(verdict.reason),
        "locations": [project_location(report.project)],
        "partialFingerprints": {"rule/v1": rule.name},
        "properties": verdict.model_dump(mode="json", exclude_none=True, exclude={"reason"}),
    }
    row_level = {**common, "level": "note" if failed else "none", "baselineState": "new"}
    return [whole, *({**row_level, **_row(row, rule.against)} for row in rule.regressed)]


def _row(row: RegressedRow, against: str) -> Object:
    return {
        "message": _message(f"Row {row.row} lost: {row.scores(against)}."),
        "locations": [row_location(row)],
        "partialFingerprints": {"rowId": row.example},
        "properties": row.model_dump(exclude={"source", "file"}),
    }


def _objection(report: DecisionReport, why: str, at: int) -> Object:
    return {
        "ruleId": "decision",
        "ruleIndex": at,
        "kind": "fail",
        "level": "error",
        "baselineState": "new",
        "message": _message(f"This decision cannot promote: {why}"),
        "locations": [project_location(report.project)],
        "partialFingerprints": {"rule/v1": "decision"},
    }


def baseline_state(verdict: Verdict) -> str:
    """How a rule's result stands to the baseline's; see above."""
    if verdict.outcome is Outcome.FAIL:
        return "unchanged" if _baseline_fails(verdict) else "new"
    return "updated" if _differs(verdict) else "unchanged"


def _baseline_fails(verdict: Verdict) -> bool:
    """Whether the baseline fails the same rule, by its value: it has none either, or lies beyond the same limit."""
    estimate, limit, baseline = verdict.estimate, verdict.threshold, verdict.baseline
    if estimate is None or limit is None:
        return isinstance(baseline, Absent)
    if verdict.contrast_kind != "value" or not isinstance(baseline, float):
        return False
    return baseline > limit if estimate > limit else baseline < limit


def _differs(verdict: Verdict) -> bool:
    """Whether an interval of the difference or ratio to the baseline excludes that there is none."""
    interval = verdict.interval
    if interval is None or verdict.contrast_kind not in NO_DIFFERENCE_IS_ZERO:
        return False
    return (interval.low is not None and interval.low > 0) or (interval.high is not None and interval.high < 0)


def _message(text: str) -> Object:
    """Text as SARIF reads it: braces would be placeholders, and a bracket before a parenthesis a link."""
    return {"text": one_line(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")}
