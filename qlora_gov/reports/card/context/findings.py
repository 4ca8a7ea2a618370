"""What a report says of the decision and of what was measured; see :mod:`qlora_gov.reports.card.context.card`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from qlora_gov.records import (
    Absent,
    Claim,
    Component,
    ContrastKind,
    CorrectedRate,
    DecisionOutcome,
    DetectorErrors,
    Frozen,
    GenerationSettings,
    Interval,
    Outcome,
    Rule,
)


class RuleLine(Frozen):
    """One rule of the policy and what came of it. Estimate, interval, bound and threshold are of ``contrast``."""

    rule: Rule = Field(description="its name, its gate with settings, its metric, and whom it compares with")
    required: bool = Field(description="whether the rule can be neither tolerated nor waived")
    outcome: Outcome = Field(description="PASS, FAIL or INCONCLUSIVE")
    reason: str = Field(description="the outcome in words")
    contrast: str | Absent = Field(description="what was estimated, in words")
    contrast_kind: ContrastKind | Absent = Field(description="value, difference, scaled_difference or log_ratio")
    baseline: float | Absent = Field(description="the value of whom the rule compares with: champion or reference")
    candidate: float | Absent = Field(description="the candidate's value")
    estimate: float | Absent = Field(description="of the contrast")
    interval: Interval | Absent = Field(description="two-sided, for the reader; one end at least is a number")
    threshold: float | Absent = Field(description="the limit, or the margin as a value of the contrast")
    rows: int | Absent = Field(description="rows that were judged")
    clusters: int | Absent = Field(description="groups of rows that share a source")
    alpha: float | Absent = Field(description="the one-sided level of the test, smaller at a further look")
    bound: float | Absent = Field(description="the one-sided confidence bound that decides")
    detectable: float | Absent = Field(description="the distance from the threshold that these rows show in 4 of 5")
    rows_needed: int | Absent = Field(description="rows that would decide on what was found, in 4 of 5 cases")
    rows_planned: int | Absent = Field(description="rows that would decide where both sides are alike, in 4 of 5")
    places: int | None = Field(default=None, description="decimal places that the interval supports; none: four digits")
    value_places: int | None = Field(default=None, description="the same of the two sides' values")


class PolicyPart(Frozen):
    """The policy's own settings; what is a sentence here ends in a full stop."""

    id: str = Field(description="id of the policy record")
    required: tuple[str, ...] = Field(description="names of the rules that can be neither tolerated nor waived")
    inconclusive: str = Field(description="what a rule that could not tell does, as a sentence")
    further_looks: str = Field(description="what a further look at the rows does and did to alpha, as a sentence")
    notes: tuple[str, ...] = Field(description="what is odd about its rules, each as a sentence")


class DecisionPart(Frozen):
    """The decision. Rules that failed come first, then those that could not tell, then those that passed."""

    id: str = Field(description="id of the decision record")
    outcome: DecisionOutcome = Field(description="what the decision says of the candidate")
    exploratory: bool = Field(description="the policy came after the answers, so that the decision promotes nothing")
    look: int = Field(description="which decision on this evaluation set this is, counted from 1")
    passed_over: bool = Field(description="whether evaluations that no decision judged are among the looks")
    partly: bool = Field(description="whether only some rows, or the rows of some rules, were judged before")
    mended: tuple[str, ...] = Field(description="metrics whose code is younger than the answers; mostly none")
    rules: tuple[RuleLine, ...] = Field(description="each rule")
    notices: tuple[str, ...] = Field(description="what a reader should know that no verdict says; empty where nothing")


class SliceLine(Frozen):
    """One slice of the rows under a rule; the numbers mean what they mean in a :class:`RuleLine`."""

    slice: str = Field(description="the label's value")
    outcome: Outcome = Field(description="PASS, FAIL or INCONCLUSIVE")
    reason: str = Field(description="the outcome in words")
    baseline: float | Absent = Field(description="the value of whom the rule compares with")
    candidate: float | Absent = Field(description="the candidate's value")
    estimate: float | Absent = Field(description="of the rule's contrast")
    interval: Interval | Absent = Field(description="of the estimate")
    threshold: float = Field(description="the limit, or the margin as a value of the contrast")
    rows: int = Field(description="rows of the slice")
    clusters: int = Field(description="groups of rows that share a source")
    places: int | None = Field(default=None, description="decimal places that the interval supports; none: four digits")
    value_places: int | None = Field(default=None, description="the same of the two sides' values")


class SlicedRule(Frozen):
    """A rule that looks at slices, with every slice, in the gate's order: the worst first."""

    rule: Rule = Field(description="the rule")
    slices: tuple[SliceLine, ...] = Field(description="each slice")


class SubjectPart(Frozen):
    """Who answered, and how. What is not known of answers that were imported is Absent."""

    base: str | Absent = Field(description="id of the base record")
    adapter: str | None = Field(description="id of the adapter record; None where the base answered alone")
    quantization: str | Absent = Field(description="how the base's weights were held")
    generation: GenerationSettings | Absent
    rows: int = Field(description="how many were answered")
    cut: int | None = Field(description="answers that ended at the limit of tokens; None where nobody counted them")
    empty: int | None = Field(description="answers that are no text at all; None where nobody counted them")
    applied: str = Field(description="what of the base's own generation_config.json had a say, in words; or nothing")
    given: tuple[str, ...] = Field(description="what a reader should know of the rows as the subject was given them")


class ClaimLine(Frozen):
    """Evidence that was not made here, and who vouches for it."""

    side: Literal["candidate", "champion", "reference"] = Field(description="whose evidence it is")
    claim: Claim = Field(description="who vouches for it")
    unshown: tuple[str, ...] = Field(description="what the logs do not show of who answered, each as a sentence")
    settings: str = Field(description="how the answers were asked for and scored; empty where it was not read")
    others: int = Field(description="other logs of the same subject's answers to the same rows, which were not used")


class Reading(Frozen):
    """One metric on one side."""

    value: float | Absent = Field(description="the metric's value")
    scored: int | Absent = Field(description="rows that could be scored")
    rows: int | Absent = Field(description="rows that were answered")


class MeasurementLine(Frozen):
    """One metric on all sides."""

    name: str = Field(description="what rules call it")
    metric: Component = Field(description="the component that measured")
    places: int | None = Field(default=None, description="decimal places that a rule's interval of it supports")
    champion: Reading = Field(description="what was read of the champion")
    candidate: Reading = Field(description="what was read of the candidate")
    reference: Reading | Absent = Field(description="of the policy's pinned reference")
    left_out: str | None = Field(description="rows that the metric does not read and did not measure, with the remedy")


class DetectorLine(Frozen):
    """One guardrail: what it can and cannot find, and its rate before and after tuning.

    ``rate`` is the raw one, which gates. The corrected ones take the detector's measured errors into account.
    """

    name: str = Field(description="what rules call its rate")
    detector: Component = Field(description="the guardrail")
    fields: tuple[str, ...] = Field(description="what it looked at: prompt, reference, response")
    covers: tuple[str, ...] = Field(description="kinds that it can find")
    misses: tuple[str, ...] = Field(description="kinds that it cannot find")
    measured: tuple[str, ...] = Field(default=(), description="what it found and flagged, a line for each set of texts")
    errors: DetectorErrors | Absent = Field(description="with counts, sensitivity, specificity and the data")
    rate: MeasurementLine = Field(description="how often it flags an answer")
    corrected_champion: CorrectedRate | Absent = Field(description="the champion's rate, corrected by the errors")
    corrected_candidate: CorrectedRate | Absent = Field(description="the candidate's rate, corrected by the errors")
