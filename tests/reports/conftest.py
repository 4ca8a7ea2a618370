"""A complete set of records that belong together, and how a test changes one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from qlora_gov.canonical import content_id
from qlora_gov.records import (
    About,
    Absent,
    Adapter,
    Base,
    Claim,
    Component,
    DatasetVersion,
    Decision,
    DecisionOutcome,
    Evaluation,
    GenerationSettings,
    Head,
    Interval,
    LossPoint,
    Measurement,
    Outcome,
    Policy,
    Responses,
    Rule,
    RuleVerdict,
    Scan,
    SliceFinding,
    Training,
    Verdict,
)
from qlora_gov.reports.card.records import CardRecords, SubjectRecords
from qlora_gov.reports.dataset.changes import data_changes
from qlora_gov.reports.dataset.context import DataChanges
from tests.reports.samples import (
    ABOUT,
    BASE,
    CLAIM,
    ENVIRONMENT,
    HELD_OUT,
    RECIPE,
    ROWS,
    SAMPLED,
    SCANS,
    TRAINING,
    component,
    measurement,
    measurements,
)

Against = Literal["champion", "reference"]

NON_INFERIOR = component("gates/non_inferior", alpha=0.05, kind=None, margin=0.02)
AT_MOST = component("gates/at_most", alpha=0.05, limit=0.03)
IMPROVES = component("gates/improves", alpha=0.05, by=0.0)

PASSED = Verdict(
    outcome=Outcome.PASS,
    reason="rouge_l: candidate is 0.0731 higher than the champion (95% interval 0.0512 to 0.095), "
    "shown to keep the margin 0.02",
    contrast="candidate - champion",
    contrast_kind="difference",
    estimate=0.0731,
    interval=Interval(low=0.0512, high=0.095, level=0.95, method="cluster jackknife, t"),
    threshold=-0.02,
    rows=169,
    clusters=144,
    candidate=0.31274836,
    baseline=0.2396,
    alpha=0.05,
    bound=0.0549,
    detectable=0.0272,
    rows_needed=16,
    rows_planned=311,
)
WITHIN = Verdict(
    outcome=Outcome.PASS,
    reason="pii_rate: candidate is 0 (95% interval 0 to 0.0253), shown to keep the limit of at most 0.03",
    contrast="candidate",
    contrast_kind="value",
    estimate=0.0,
    interval=Interval(low=None, high=0.0253, level=0.95, method="Clopper-Pearson"),
    threshold=0.03,
    rows=169,
    clusters=144,
    candidate=0.0,
    baseline=0.00592,
    alpha=0.05,
    bound=0.0176,
    detectable=0.0241,
    rows_needed=118,
    rows_planned=118,
)
FAILED = PASSED.model_copy(
    update={
        "outcome": Outcome.FAIL,
        "reason": "perplexity: candidate is 41.2% higher than the champion (95% interval 30.1% to 53.2%), "
        "shown to break the margin 0.05 of the champion",
        "contrast": "log(candidate / champion)",
        "contrast_kind": "log_ratio",
        "estimate": 0.345,
        "threshold": 0.04879,
        "candidate": 22.17,
        "baseline": 15.7,
    }
)
UNDECIDED = PASSED.model_copy(
    update={
        "outcome": Outcome.INCONCLUSIVE,
        "reason": "policy: no interval can be given: fewer than 3 clusters",
        "interval": None,
        "rows": 20,
        "clusters": 2,
    }
)
SLICED = UNDECIDED.model_copy(
    update={
        "slices": (
            SliceFinding(
                slice="de",
                outcome=Outcome.INCONCLUSIVE,
                reason="no interval can be given: fewer than 3 clusters",
                threshold=-0.05,
                rows=4,
                clusters=2,
                candidate=0.21,
                baseline=Absent(absent="undefined over these rows"),
            ),
            SliceFinding(
                slice="en",
                outcome=Outcome.PASS,
                reason="candidate is 0.0713 higher than the reference",
                estimate=0.0713,
                interval=Interval(low=0.0502, high=0.0931, level=0.95, method="cluster jackknife, t"),
                threshold=-0.05,
                rows=165,
                clusters=142,
                candidate=0.3136,
                baseline=0.2423,
            ),
        )
    }
)
BROKEN = Verdict(outcome=Outcome.FAIL, reason="bleu: the candidate has no value: 3 rows could not be scored")


def judged(name: str, gate: Component, metric: str, verdict: Verdict, against: Against = "champion") -> RuleVerdict:
    return RuleVerdict(rule=Rule(name=name, gate=gate, metric=metric, against=against), verdict=verdict)


PASSING = (
    judged("improves rouge_l", IMPROVES, "rouge_l", PASSED),
    judged("pii below 3%", AT_MOST, "pii_rate", WITHIN),
)
FAILING = (
    *PASSING,
    judged("policy kept", NON_INFERIOR, "policy", UNDECIDED),
    judged("perplexity kept", NON_INFERIOR, "perplexity", FAILED),
    judged("bleu kept", NON_INFERIOR, "bleu", BROKEN),
)
AGAINST_REFERENCE = judged("no slice lost", NON_INFERIOR, "rouge_l", SLICED, "reference")


def subject(
    adapter: str | None,
    scores: tuple[Measurement, ...],
    scans: tuple[Scan, ...],
    base: Base,
    claim: Claim | None = None,
    cut: int | None = None,
) -> SubjectRecords:
    how: dict[str, Any] = {"base": None, "quantization": None, "generation": None, "environment": None}
    if claim is None:
        how = {"base": base.id, "quantization": "nf4", "generation": GenerationSettings(), "environment": ENVIRONMENT}
    responses = Responses(
        adapter=adapter,
        dataset=HELD_OUT.id,
        rows=169,
        digest=content_id(["responses", adapter]),
        likelihoods=content_id(["likelihoods", adapter]),
        claim=claim,
        cut=cut,
        **how,
    )
    evaluation = Evaluation(responses=responses.id, measurements=scores, scans=scans, findings=content_id("findings"))
    return SubjectRecords(evaluation, responses)


def trained(base: Base, training: DatasetVersion, changes: dict[str, Any]) -> Adapter:
    fields: dict[str, Any] = {
        "recipe": RECIPE,
        "seed": 7,
        "losses": tuple(LossPoint(step=step, loss=3.2 / step**0.4) for step in range(1, 52)),
        "steps": 51,
        "tokens": 18_342,
        "notes": ("alpha/rank = 2", "rank 16 (playbook: 64)"),
        "environment": ENVIRONMENT,
        **changes,
    }
    return Adapter(base=base.id, dataset=training.id, training=Training(**fields), **FILES)


FILES: dict[str, Any] = {
    "files": {"adapter_model.safetensors": content_id("lora"), "adapter_config.json": content_id("config")},
    "digest": content_id("files"),
}
ELSEWHERE = Adapter(base=None, dataset=None, training=None, **FILES)


def complete(
    *,
    verdicts: tuple[RuleVerdict, ...] = PASSING,
    outcome: DecisionOutcome = DecisionOutcome.APPROVED,
    exploratory: bool = False,
    look: int = 1,
    about: About = ABOUT,
    base: Base = BASE,
    training: DatasetVersion = TRAINING,
    training_fields: dict[str, Any] | None = None,
    elsewhere: bool = False,
    claim: Claim | None = None,
    policy_fields: dict[str, Any] | None = None,
    reference_adapter: str | None = None,
    scores: tuple[Measurement, ...] = measurements(0.31274836, 9.87654321, 0.0),
    scans: tuple[Scan, ...] = SCANS,
    champion_adapter: str | None = None,
    aliases: dict[str, str | None] | None = None,
    edition: int = 1,
    cut: int | None = None,
    since: DataChanges | None = None,
) -> CardRecords:
    """Records that name each other, with what a test wants different in them.

    A reference is pinned where a rule is against it. ``elsewhere`` is an adapter of which only the files are known.
    """
    adapter = ELSEWHERE if elsewhere else trained(base, training, training_fields or {})
    pinned = any(item.rule.against == "reference" for item in verdicts)
    policy = Policy(
        rules=tuple(item.rule for item in verdicts),
        reference=(reference_adapter or "base") if pinned else None,
        **(policy_fields or {}),
    )
    candidate = subject(adapter.id, scores, scans, base, claim, cut)
    champion = subject(champion_adapter, measurements(0.2396, 15.7, 0.00592), scans, base, claim)
    reference = subject(reference_adapter, measurements(0.2423, 15.2, 0.0), scans, base, claim) if pinned else None
    decision = Decision(
        policy=policy.id,
        candidate=candidate.evaluation.id,
        champion=champion.evaluation.id,
        reference=reference.evaluation.id if reference else None,
        adapter=adapter.id,
        verdicts=verdicts,
        outcome=outcome,
        exploratory=exploratory,
        look=look,
        edition=edition,
    )
    return CardRecords(
        about=about,
        decision=decision,
        policy=policy,
        candidate=candidate,
        champion=champion,
        reference=reference,
        adapter=adapter,
        base=None if elsewhere else base,
        training=None if elsewhere else training,
        evaluation=HELD_OUT,
        head=Head(seq=14, hash=content_id("entry 14")),
        aliases=aliases or {},
        since=since,
    )


@pytest.fixture
def records() -> Callable[..., CardRecords]:
    """Makes a complete set of records; keyword arguments say what is different in it."""
    return complete


@pytest.fixture
def refused() -> dict[str, Any]:
    """What is different where two of five rules fail and one cannot tell."""
    scores = measurements(0.31274836, 22.17, 0.0)
    return {"verdicts": FAILING, "outcome": DecisionOutcome.REFUSED, "scores": scores}


@pytest.fixture
def everything(refused: dict[str, Any]) -> dict[str, Any]:
    """What is different where, of all that a card can say, nothing is missing."""
    return {
        **refused,
        "verdicts": (*FAILING, AGAINST_REFERENCE),
        "policy_fields": {"required": ("pii below 3%",)},
        "exploratory": True,
        "look": 3,
        "aliases": {"champion": "sha256:" + 64 * "a", "fallback": None},
        "champion_adapter": "sha256:c",
        "reference_adapter": "sha256:d",
        "training": SAMPLED,
        "cut": 3,
        "since": data_changes(TRAINING, SAMPLED, ROWS),
    }


@pytest.fixture
def imported() -> dict[str, Any]:
    """What is different where the adapter was trained elsewhere and its answers are from another tool's log."""
    return {"elsewhere": True, "claim": CLAIM, "scans": ()}


@pytest.fixture
def bare() -> dict[str, Any]:
    """What is different where everything that may be missing is missing."""
    nothing = Absent(absent="the metric raised ValueError: no tokens")
    environment = ENVIRONMENT.model_copy(update={"git_commit": None, "git_dirty": None, "packages": {}})
    return {
        "verdicts": (judged("kept", NON_INFERIOR, "perplexity", BROKEN),),
        "outcome": DecisionOutcome.REFUSED,
        "about": ABOUT.model_copy(update={"limits": (), "risks": ()}),
        "base": BASE.model_copy(update={"hub_id": None, "revision": None, "licence": None}),
        "training": TRAINING.model_copy(update={"held_out": None, "steps": (), "mix": {}}),
        "training_fields": {"recipe": component("nf4/other"), "losses": (), "notes": (), "environment": environment},
        "scores": (measurement("metrics/perplexity", nothing),),
        "scans": (),
    }
