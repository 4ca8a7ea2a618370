"""What a model card is made from: one typed context, the same for every format.

Nothing here is optional in silence: what was not measured, stated or recorded is an ``Absent`` with its reason, and a
report prints it as "not measured: reason". Mappings of records become tuples in a fixed order, so that the same
records always give the same bytes. Texts are as the records hold them: each format escapes them for itself.
"""

from __future__ import annotations

from pydantic import Field

from qlora_gov.records import About, Absent, Frozen, Head
from qlora_gov.reports.card.context.findings import (
    ClaimLine,
    DecisionPart,
    DetectorLine,
    MeasurementLine,
    PolicyPart,
    SlicedRule,
    SubjectPart,
)
from qlora_gov.reports.card.context.lineage import (
    BasePart,
    ContaminationPart,
    DataPart,
    EnvironmentPart,
    FileLine,
    LicenceLine,
    TargetPart,
    TrainingPart,
)


class AliasLine(Frozen):
    """A movable name and the adapter record that it points at; None means the base without one."""

    alias: str = Field(description="champion, candidate or fallback")
    adapter: str | None = Field(description="id of the adapter record")


class RollbackPart(Frozen):
    """How to withdraw the adapter, and where to, as it stood at the card's ledger head."""

    aliases: tuple[AliasLine, ...] = Field(description="those that had moved by then, by name")
    target: str | None = Field(description="id of the adapter record to serve instead; None means the base alone")
    command: str = Field(description="what withdraws it; PROJECT stands for the project's directory")


class ReferenceLine(Frozen):
    """A record or content that the card rests on, by its full id."""

    name: str = Field(description="what it is")
    id: str = Field(description="the id in full")


class PluginLine(Frozen):
    """A plugin whose components did some of the work, with the digest of its source."""

    name: str = Field(description="the plugin's name")
    distribution: str = Field(description="what installed it, or the file or directory that it is")
    version: str = Field(description="of the distribution")
    source: str = Field(description="digest of its source files")


class Provenance(Frozen):
    """Everything that a reader needs to find and verify the evidence."""

    references: tuple[ReferenceLine, ...] = Field(description="records and contents by their ids")
    adapter_files: tuple[FileLine, ...] = Field(description="the adapter's own")
    plugins: tuple[PluginLine, ...] = Field(description="those whose components did some of the work")
    fingerprint: str = Field(description="digest over the plugins above: name, distribution, version, source")
    head: Head = Field(description="the ledger's newest entry when the decision had been made")


class CardContext(Frozen):
    """A whole model card."""

    edition: int = Field(description="of layout and figures: what a decision's reports looked like stays")
    about: About = Field(description="the project's own words, as the project file has them")
    decision: DecisionPart = Field(description="the decision and what each rule came to")
    policy: PolicyPart = Field(description="the settings of the policy itself")
    adapter: str = Field(description="id of the adapter record")
    candidate: SubjectPart = Field(description="who would be released")
    champion: SubjectPart = Field(description="whom it was compared with")
    reference: SubjectPart | Absent = Field(description="the policy's pinned reference")
    claims: tuple[ClaimLine, ...] = Field(description="of all evidence that was imported; empty where none was")
    measurements: tuple[MeasurementLine, ...] = Field(description="metrics, without the guardrails' rates")
    slices: tuple[SlicedRule, ...] | Absent = Field(description="rules that look at slices")
    detectors: tuple[DetectorLine, ...] = Field(description="the guardrails; empty where none looked at the answers")
    training: TrainingPart | Absent = Field(description="how the adapter was trained")
    training_data: DataPart | Absent = Field(description="what it was trained on")
    evaluation_data: DataPart = Field(description="what both sides answered")
    provenance_target: TargetPart | Absent = Field(description="where the training rows come from, against the target")
    contamination: ContaminationPart | Absent = Field(description="how training and evaluation rows were kept apart")
    licences: tuple[LicenceLine, ...] = Field(description="of the adapter, its base and each source of rows")
    base: BasePart | Absent = Field(description="the base model")
    environment: EnvironmentPart | Absent = Field(description="what ran each stage")
    rollback: RollbackPart = Field(description="how to withdraw the adapter")
    provenance: Provenance = Field(description="what the evidence is found and verified by")
