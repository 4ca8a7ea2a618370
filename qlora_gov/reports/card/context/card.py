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

    alias: str
    adapter: str | None


class RollbackPart(Frozen):
    """How to withdraw the adapter, and where to, as it stood at the card's ledger head."""

    aliases: tuple[AliasLine, ...] = Field(description="those that had moved by then, by name")
    target: str | None = Field(description="id of the adapter record to serve instead; None means the base alone")
    command: str = Field(description="what withdraws it; PROJECT stands for the project's directory")


class ReferenceLine(Frozen):
    """A record or content that the card rests on, by its full id."""

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
    fingerprint: str = Field(description="digest over the plugins above: name, distribution, version, source")
    head: Head


class CardContext(Frozen):
    """A whole model card."""

    about: About = Field(description="the project's own words, as the project file has them")
    decision: DecisionPart
    policy: PolicyPart
    adapter: str = Field(description="id of the adapter record")
    candidate: SubjectPart
    champion: SubjectPart
    reference: SubjectPart | Absent = Field(description="the policy's pinned reference")
    claims: tuple[ClaimLine, ...] = Field(description="of all evidence that was imported; empty where none was")
    measurements: tuple[MeasurementLine, ...] = Field(description="metrics, without the guardrails' rates")
    slices: tuple[SlicedRule, ...] | Absent
    detectors: tuple[DetectorLine, ...] = Field(description="the guardrails; empty where none looked at the answers")
    training: TrainingPart | Absent
    training_data: DataPart | Absent
    evaluation_data: DataPart
    provenance_target: TargetPart | Absent
    contamination: ContaminationPart | Absent
    licences: tuple[LicenceLine, ...] = Field(description="of the adapter, its base and each source of rows")
    base: BasePart | Absent
    environment: EnvironmentPart | Absent
    rollback: RollbackPart
    provenance: Provenance
