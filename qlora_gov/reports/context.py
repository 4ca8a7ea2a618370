"""What a model card is made from: one typed context, the same for every format.

Nothing here is optional in silence: what was not measured, stated or recorded is an ``Absent`` with its reason, and a
report prints it as "not measured: reason". Mappings of records become tuples in a fixed order, so that the same
records always give the same bytes.
"""

from __future__ import annotations

from pydantic import Field

from qlora_gov.records import (
    About,
    Absent,
    Component,
    DecisionOutcome,
    Frozen,
    GenerationSettings,
    Interval,
    LossPoint,
    Outcome,
    Scan,
    StepReport,
)


class LedgerHead(Frozen):
    """The last entry of the ledger when a card was made; whoever keeps it can show a later edit."""

    seq: int
    hash: str


class RuleLine(Frozen):
    """One rule of the policy and what came of it."""

    rule: Component
    metric: str
    outcome: Outcome
    reason: str
    contrast: str | Absent = Field(
        description="what was estimated, in words; estimate, interval and threshold are of it"
    )
    champion: float | Absent
    candidate: float | Absent
    estimate: float | Absent
    interval: Interval | Absent
    threshold: float | Absent
    rows: int | Absent
    clusters: int | Absent


class DecisionPart(Frozen):
    """The decision. Rules that failed come first, then those that could not tell, then those that passed."""

    outcome: DecisionOutcome
    exploratory: bool
    look: int = Field(description="which decision on this evaluation set this is, counted from 1")
    rules: tuple[RuleLine, ...]


class SubjectPart(Frozen):
    """One side of the comparison."""

    base: str = Field(description="id of the base record")
    adapter: str | None = Field(description="id of the adapter record; None where the base answered alone")
    quantization: str
    generation: GenerationSettings


class Reading(Frozen):
    """One metric on one side."""

    value: float | Absent
    scored: int | Absent = Field(description="rows that could be scored")
    rows: int | Absent


class MeasurementLine(Frozen):
    """One metric on both sides."""

    metric: Component
    champion: Reading
    candidate: Reading


class DetectorLine(Frozen):
    """One guardrail: what it can and cannot find, and its rate on both sides."""

    scan: Scan
    rate: MeasurementLine


class LossCurve(Frozen):
    """The training loss from first to last."""

    first: LossPoint
    lowest: LossPoint
    last: LossPoint
    curve: str = Field(description="a sparkline")


class TrainingPart(Frozen):
    """How the adapter was trained."""

    recipe: Component
    scaling: float | Absent = Field(description="alpha / rank, the factor on the adapter's product")
    notes: tuple[str, ...]
    seed: int
    steps: int
    tokens: int
    loss: LossCurve | Absent


class SourceLine(Frozen):
    """One source of rows."""

    component: Component
    rows: int
    licence: str | Absent


class Share(Frozen):
    """How many rows carry a value."""

    value: str
    rows: int
    share: float = Field(description="of all rows of the set, 0 to 1")


class MixLine(Frozen):
    """How one property, such as provenance, is spread over the rows; the commonest value first."""

    name: str
    shares: tuple[Share, ...]


class DataPart(Frozen):
    """One dataset version."""

    digest: str
    rows: int
    groups: int
    sources: tuple[SourceLine, ...]
    steps: tuple[StepReport, ...]
    mix: tuple[MixLine, ...]


class FileLine(Frozen):
    """A file and its digest."""

    name: str
    digest: str


class BasePart(Frozen):
    """The base model."""

    id: str
    reference: str
    source: str
    hub_id: str | Absent
    revision: str | Absent
    architecture: str
    licence: str | Absent
    files: tuple[FileLine, ...]


class Fact(Frozen):
    """One fact on the environment, for each stage in its place."""

    name: str
    values: tuple[str | int | bool | Absent, ...]


class EnvironmentPart(Frozen):
    """What ran each stage, side by side, so that a difference is seen."""

    stages: tuple[str, ...]
    facts: tuple[Fact, ...]


class AliasLine(Frozen):
    """A movable name and the adapter record that it points at."""

    alias: str
    adapter: str


class RollbackPart(Frozen):
    """Where to go back to, as it stood at the card's ledger head."""

    aliases: tuple[AliasLine, ...]
    target: str | None = Field(description="id of the adapter record to serve instead; None means the base alone")


class ReferenceLine(Frozen):
    """A record or content that the card rests on."""

    name: str
    id: str


class PluginLine(Frozen):
    """A plugin whose components did some of the work, with the digest of its source."""

    name: str
    distribution: str
    version: str
    source: str


class Provenance(Frozen):
    """Everything that a reader needs to find and verify the evidence."""

    references: tuple[ReferenceLine, ...]
    adapter_files: tuple[FileLine, ...]
    plugins: tuple[PluginLine, ...]
    head: LedgerHead


class CardContext(Frozen):
    """A whole model card."""

    about: About
    decision: DecisionPart
    policy: str = Field(description="id of the policy record")
    adapter: str = Field(description="id of the adapter record")
    candidate: SubjectPart
    champion: SubjectPart
    measurements: tuple[MeasurementLine, ...]
    detectors: tuple[DetectorLine, ...]
    training: TrainingPart
    training_data: DataPart
    evaluation_data: DataPart
    kept_clear: str | Absent = Field(description="digest of the held-out rows that the training set was kept clear of")
    base: BasePart
    environment: EnvironmentPart
    rollback: RollbackPart
    provenance: Provenance
