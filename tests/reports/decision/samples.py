"""Decisions for the tests of what is made from them: one of every kind of verdict, and texts that mean harm."""

from __future__ import annotations

from typing import Any, Literal

from hypothesis import strategies as st

from qlora_gov.canonical import content_id
from qlora_gov.records import (
    Absent,
    Adapter,
    Component,
    DatasetVersion,
    Decision,
    DecisionOutcome,
    Environment,
    GenerationSettings,
    Head,
    Interval,
    Outcome,
    Policy,
    Responses,
    Rule,
    RuleVerdict,
    SliceFinding,
    Verdict,
)
from qlora_gov.reports.decision.regressed import RegressedRow
from qlora_gov.reports.decision.report import DecisionReport, RuleReport, decision_report

COMMIT = "0f6c1d0a9a0d4f6f8f1f4b4b6a1c2d3e4f506172"


def component(name: str) -> Component:
    return Component(name=name, distribution="qlora-gov", version="0.1.0", source=content_id(name), settings={})


def rule(name: str, gate: str, metric: str, against: Literal["champion", "reference"] = "champion") -> Rule:
    return Rule(name=name, gate=component(f"gates/{gate}"), metric=metric, against=against)


def interval(low: float | None, high: float | None) -> Interval:
    return Interval(low=low, high=high, level=0.95, method="cluster jackknife, t")


PASSED = Verdict(
    outcome=Outcome.PASS,
    reason="rouge_l: candidate is 0.0731 higher than the champion, so it is within the margin of 0.02",
    contrast="candidate - champion",
    contrast_kind="difference",
    estimate=0.0731,
    interval=interval(0.0512, 0.095),
    threshold=-0.02,
    rows=169,
    clusters=144,
    candidate=0.3127,
    baseline=0.2396,
    alpha=0.05,
    bound=0.0547,
    detectable=0.028,
    rows_needed=12,
)
WITHIN = Verdict(
    outcome=Outcome.PASS,
    reason="pii_rate: candidate is 0, so it is below the limit 0.03",
    contrast="candidate",
    contrast_kind="value",
    estimate=0.0,
    interval=interval(None, 0.0253),
    threshold=0.03,
    rows=169,
    clusters=144,
    candidate=0.0,
    baseline=0.00592,
)
FAILED = PASSED.model_copy(
    update={
        "outcome": Outcome.FAIL,
        "reason": "perplexity: candidate is 41.2% higher than the champion, so it is not within the margin of 0.05",
        "contrast": "log(candidate / champion)",
        "contrast_kind": "log_ratio",
        "estimate": 0.345,
        "interval": interval(0.26, 0.43),
        "threshold": 0.04879,
        "candidate": 22.17,
        "baseline": 15.7,
    }
)
UNDECIDED = PASSED.model_copy(
    update={
        "outcome": Outcome.INCONCLUSIVE,
        "reason": "policy: two of three slices could not tell",
        "interval": None,
        "slices": tuple(
            SliceFinding(
                slice=f"language={language}",
                outcome=outcome,
                reason=f"{language}: {outcome.lower()}",
                estimate=estimate,
                interval=None,
                threshold=-0.1,
                rows=rows,
                clusters=rows,
                candidate=0.5,
                baseline=Absent(absent="no row of the slice has a value"),
            )
            for language, outcome, estimate, rows in (
                ("en", Outcome.PASS, 0.1, 150),
                ("de", Outcome.INCONCLUSIVE, -0.2, 12),
                ("fr", Outcome.FAIL, -0.7, 6),
                ("it", Outcome.FAIL, None, 1),
            )
        ),
    }
)
BROKEN = Verdict(
    outcome=Outcome.FAIL,
    reason="bleu: of the candidate 3 rows could not be scored",
    candidate=Absent(absent="3 rows could not be scored"),
    baseline=0.21,
)

PASSING = (
    RuleVerdict(rule=rule("rouge_l", "non_inferior", "rouge_l"), verdict=PASSED),
    RuleVerdict(rule=rule("pii", "at_most", "pii_rate"), verdict=WITHIN),
)
REFUSED = (
    *PASSING,
    RuleVerdict(rule=rule("policy", "no_regressed_slice", "policy", "reference"), verdict=UNDECIDED),
    RuleVerdict(rule=rule("perplexity", "non_inferior", "perplexity"), verdict=FAILED),
    RuleVerdict(rule=rule("bleu", "non_inferior", "bleu"), verdict=BROKEN),
)
ROWS = tuple(
    RegressedRow(
        row=row, example=content_id(row), source=f"evaluation.jsonl:{row + 1}", candidate=40.0 - row, baseline=9.5
    )
    for row in (3, 17, 20, 21, 40, 41, 99)
)

ADAPTER = Adapter(
    base=content_id("base"), dataset=content_id("training"), files={}, digest=content_id("files"), training=None
)
HELD_OUT = DatasetVersion(
    role="evaluation", sources=(), steps=(), rows=169, groups=144, mix={}, digest=content_id("held-out rows")
)


def responses(adapter: str | None, **changed: Any) -> Responses:
    environment = Environment(
        python="3.11.7", platform="Linux", device="cpu", threads=1, packages={}, git_commit=COMMIT, git_dirty=False
    )
    fields = {
        "base": ADAPTER.base,
        "adapter": adapter,
        "dataset": HELD_OUT.id,
        "quantization": "nf4",
        "generation": GenerationSettings(),
        "rows": 169,
        "digest": content_id(["responses", adapter]),
        "likelihoods": None,
        "environment": environment,
    }
    return Responses(**fields | changed)


def decided(
    verdicts: tuple[RuleVerdict, ...] = PASSING,
    outcome: DecisionOutcome = DecisionOutcome.APPROVED,
    *,
    exploratory: bool = False,
    look: int = 1,
    edition: int = 1,
    project: str = "qlora_gov.yaml",
    rows: tuple[RegressedRow, ...] = ROWS,
    **policy_fields: Any,
) -> DecisionReport:
    """The report of a decision, made from records as a pipeline makes it; all that is regressed has ``rows``."""
    against = {item.rule.against for item in verdicts}
    reference = ADAPTER.id if "reference" in against else None
    policy = Policy(rules=tuple(item.rule for item in verdicts), reference=reference, **policy_fields)
    decision = Decision(
        policy=policy.id,
        candidate=content_id("candidate's evaluation"),
        champion=content_id("champion's evaluation"),
        reference=content_id("reference's evaluation") if reference else None,
        adapter=ADAPTER.id,
        verdicts=verdicts,
        outcome=outcome,
        exploratory=exploratory,
        look=look,
        edition=edition,
    )
    return decision_report(
        decision,
        policy,
        adapter=ADAPTER,
        candidate=responses(ADAPTER.id),
        champion=responses(None),
        reference=responses(content_id("pinned")) if reference else None,
        evaluation_set=HELD_OUT,
        regressed={item.rule.name: rows for item in verdicts},
        project=project,
        head=Head(seq=14, hash=content_id("entry 14")),
    )


def refused(**changed: Any) -> DecisionReport:
    return decided(REFUSED, DecisionOutcome.REFUSED, **changed)


HOSTILE = [
    "]]></failure></testcase>",
    "<script>alert(1)</script><!-- --><details>",
    "a | b | c |\n| --- |\n# heading\r\n\n- list\n```\n",
    "\x00\x07\x1b[31m\u202egnp.exe\ufffe\uffff\x85\u2028",
    "{0} {{1}} [text](javascript:alert) &amp; \" ' \\ %00 `code`",
    "{{ 7 * 7 }}{% raw %}",
    "y" * 9_000,
]
TEXTS = st.one_of(st.text(max_size=40), st.sampled_from(HOSTILE))


def with_texts(name: str, metric: str, reason: str, source: str) -> DecisionReport:
    """A refusal whose rules say what they are told to."""
    report = refused()

    def changed(at: int, item: RuleReport) -> RuleReport:
        slices = tuple(part.model_copy(update={"slice": name, "reason": reason}) for part in item.verdict.slices)
        absent = {"candidate": Absent(absent=reason)} if isinstance(item.verdict.candidate, Absent) else {}
        verdict = item.verdict.model_copy(update={"reason": reason, "slices": slices, **absent})
        regressed = tuple(row.model_copy(update={"source": source}) for row in item.regressed)
        update = {"name": f"{name}{at}", "metric": metric, "verdict": verdict, "regressed": regressed}
        return item.model_copy(update=update)

    return report.model_copy(update={"rules": tuple(changed(at, item) for at, item in enumerate(report.rules))})
