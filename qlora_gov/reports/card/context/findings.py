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
    outcome: Outcome
    reason: str
    contrast: str | Absent = Field(description="what was estimated, in words")
    contrast_kind: ContrastKind | Absent = Field(description="value, difference, scaled_difference or log_ratio")
    baseline: float | Absent = Field(description="the value of whom the rule compares with: champion or reference")
    candidate: float | Absent
    estimate: float | Absent
    interval: Interval | Absent = Field(description="two-sided, for the reader; one end at least is a number")
    threshold: float | Absent = Field(description="the limit, or the margin as a value of the contrast")
    rows: int | Absent
    clusters: int | Absent = Field(description="groups of rows that share a source")
    alpha: float | Absent = Field(description="the one-sided level of the test, smaller at a further look")
    bound: float | Absent = Field(description="the one-sided confidence bound that decides")
    detectable: float | Absent = Field(description="the distance from the threshold that these rows show in 4 of 5")
    rows_needed: int | Absent = Field(description="rows that would decide on what was found, in 4 of 5 cases")
    rows_planned: int | Absent = Field(description="rows that would decide where both sides are alike, in 4 of 5")


class PolicyPart(Frozen):
    """The policy's own settings; what is a sentence here ends in a full stop."""

    id: str = Field(description="id of the policy record")
    required: tuple[str, ...] = Field(description="names of the rules that can be neither tolerated nor waived")
    inconclusive: str = Field(description="what a rule that could not tell does, as a sentence")
    further_looks: str = Field(description="what a further look at the rows does and did to alpha, as a sentence")


class DecisionPart(Frozen):
    """The decision. Rules that failed come first, then those that could not tell, then those that passed."""

    id: str = Field(description="id of the decision record")
    outcome: DecisionOutcome
    exploratory: bool = Field(description="the policy came after the answers, so that the decision promotes nothing")
    look: int = Field(description="which decision on this evaluation set this is, counted from 1")
    rules: tuple[RuleLine, ...]


class SliceLine(Frozen):
    """One slice of the rows under a rule; the numbers mean what they mean in a :class:`RuleLine`."""

    slice: str
    outcome: Outcome
    reason: str
    baseline: float | Absent
    candidate: float | Absent
    estimate: float | Absent
    interval: Interval | Absent
    threshold: float
    rows: int
    clusters: int


class SlicedRule(Frozen):
    """A rule that looks at slices, with every slice, in the gate's order: the worst first."""

    rule: Rule
    slices: tuple[SliceLine, ...]


class SubjectPart(Frozen):
    """Who answered, and how. What is not known of answers that were imported is Absent."""

    base: str | Absent = Field(description="id of the base record")
    adapter: str | None = Field(description="id of the adapter record; None where the base answered alone")
    quantization: str | Absent
    generation: GenerationSettings | Absent


class ClaimLine(Frozen):
    """Evidence that was not made here, and who vouches for it."""

    side: Literal["candidate", "champion", "reference"]
    claim: Claim


class Reading(Frozen):
    """One metric on one side."""

    value: float | Absent
    scored: int | Absent = Field(description="rows that could be scored")
    rows: int | Absent


class MeasurementLine(Frozen):
    """One metric on all sides."""

    name: str = Field(description="what rules call it")
    metric: Component
    champion: Reading
    candidate: Reading
    reference: Reading | Absent = Field(description="of the policy's pinned reference")


class DetectorLine(Frozen):
    """One guardrail: what it can and cannot find, and its rate before and after tuning.

    ``rate`` is the raw one, which gates. The corrected ones take the detector's measured errors into account.
    """

    name: str = Field(description="what rules call its rate")
    detector: Component
    fields: tuple[str, ...] = Field(description="what it looked at: prompt, reference, response")
    covers: tuple[str, ...]
    misses: tuple[str, ...]
    errors: DetectorErrors | Absent = Field(description="with counts, sensitivity, specificity and the data")
    rate: MeasurementLine
    corrected_champion: CorrectedRate | Absent
    corrected_candidate: CorrectedRate | Absent
