"""A decision as JUnit XML, which every CI system shows: one test suite, a test case for each rule and slice.

There is no standard of the format; what is written is what Jenkins' and Surefire's schemas agree on. A rule that
fails is a failure, one that could not be judged an error, one that could not tell a failure unless it is let pass.
"""

from __future__ import annotations

import re
from typing import Literal
from xml.etree import ElementTree as ET

from qlora_gov.records import Outcome, SliceFinding, Verdict
from qlora_gov.reports.decision.report import DecisionReport, RuleReport
from qlora_gov.text import one_line

Undecided = Literal["failure", "skipped"]

_NOT_XML = re.compile("[\ufffe\uffff]")  # all that XML 1.0 cannot hold and one_line does not name


def junit_xml(report: DecisionReport, undecided: Undecided = "failure") -> str:
    """The decision as JUnit XML; rules that could not tell are failures, or skipped on request.

    One that the policy tolerates is skipped in any case. Where the decision cannot promote although no rule shows
    it, a failing test case ``decision`` says why.
    """
    cases = [case for rule in report.rules for case in _cases(rule, "skipped" if rule.tolerated else undecided)]
    if report.objection:
        cases.append(_case("gate", "decision", "failure", "cannot promote", report.objection))
    if report.edition > 1:
        for case in cases:
            case.set("file", _text(report.project))
    totals = {"tests": str(len(cases)), "failures": _count(cases, "failure"), "errors": _count(cases, "error")}
    named = {"name": f"qlora-gov gate {_text(report.decision)}"}
    suite = ET.Element("testsuite", {**named, **totals, "skipped": _count(cases, "skipped")})
    suite.append(_properties(report))
    suite.extend(cases)
    suites = ET.Element("testsuites", {"name": "qlora-gov", **totals})
    suites.append(suite)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _count(cases: list[ET.Element], tag: str) -> str:
    return str(sum(case.find(tag) is not None for case in cases))


def _properties(report: DecisionReport) -> ET.Element:
    values = {
        "decision": report.decision,
        "outcome": report.outcome.value,
        "exploratory": str(report.exploratory).lower(),
        "look": str(report.look),
        "policy": report.policy,
        "adapter": report.adapter,
        "adapter_digest": report.adapter_digest,
        "champion": report.champion.adapter or "base",
        "evaluation_set": report.evaluation_set.id,
        "ledger_head": report.head.hash,
    }
    if report.reference is not None:
        values["reference"] = report.reference.adapter or "base"
    values |= {f"notice {at}": notice for at, notice in enumerate(report.notices, 1)}
    properties = ET.Element("properties")
    for name, value in values.items():
        ET.SubElement(properties, "property", {"name": name, "value": _text(value)})
    return properties


def _cases(rule: RuleReport, undecided: Undecided) -> list[ET.Element]:
    group = f"gate.{rule.metric}"
    rows = [f"row {r.row} ({r.place}, example {r.example}): {r.scores(rule.against)}" for r in rule.regressed]
    whole = _case(group, rule.name, _tag(rule.verdict, undecided), rule.verdict.outcome, rule.verdict.reason, rows)
    return [whole] + [
        _case(group, f"{rule.name} [{part.slice}]", _tag(part, undecided), part.outcome, part.reason)
        for part in rule.verdict.slices
    ]


def _tag(found: Verdict | SliceFinding, undecided: Undecided) -> str | None:
    """What a test case holds: nothing where the rule passed."""
    match found.outcome:
        case Outcome.PASS:
            return None
        case Outcome.INCONCLUSIVE:
            return undecided
    return "error" if found.estimate is None else "failure"


def _case(
    group: str, name: str, tag: str | None, kind: str, reason: str, details: list[str] | None = None
) -> ET.Element:
    case = ET.Element("testcase", {"classname": _text(group), "name": _text(name)})
    if tag is not None:
        problem = ET.SubElement(case, tag, {"type": kind, "message": _text(reason)})
        problem.text = "\n".join(map(_text, [reason, *(details or ())]))
    return case


def _text(text: str) -> str:
    """Text that XML 1.0 can hold, on one line: what it cannot is named, as in every report."""
    return _NOT_XML.sub(lambda match: f"{{U+{ord(match[0]):04X}}}", one_line(text))
