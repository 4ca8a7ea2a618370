"""The frozen records that stages hand on.

A record's ``id`` is the digest of its content; records name their parents by id, so lineage *is* the edges
between them. Times, hosts and durations belong to the ledger entry that holds a record, never to the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from qlora_gov.canonical import content_id


class Frozen(BaseModel):
    """A part of a record: immutable, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Record(Frozen):
    """What one stage made. Subclasses name their kind and which of their fields are parents."""

    kind: ClassVar[str]
    parent_fields: ClassVar[tuple[str, ...]] = ()

    def content(self) -> dict[str, Any]:
        """The record as plain JSON values, without its kind."""
        return self.model_dump(mode="json")

    @property
    def id(self) -> str:
        """``sha256:...`` over the kind and the content."""
        return content_id({"kind": self.kind, "content": self.content()})

    @property
    def parents(self) -> tuple[str, ...]:
        """The ids of the records this one was made from."""
        return tuple(parent for field in self.parent_fields if (parent := getattr(self, field)) is not None)


class Component(Frozen):
    """Which code of which plugin did a piece of work, with which settings."""

    name: str = Field(description="plugin/name, as the catalog resolves it")
    distribution: str
    version: str
    source: str = Field(description="digest of the plugin's source files")
    settings: Mapping[str, JsonValue]

    @property
    def rate(self) -> Component:
        """For a guardrail: the measurement of how often it flags a response."""
        return self.model_copy(update={"name": f"{self.name}_rate"})


class Absent(Frozen):
    """Stands where a value was not measured. Never replaced by 0 or NaN."""

    absent: str = Field(description="why, for people")


class About(Record):
    """What only people can say of a project; it goes on the card as it is."""

    kind = "about"
    title: str
    intended_use: str
    limits: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    language: tuple[str, ...] = ("en",)
    licence: str


class Policy(Record):
    """The rules a candidate must pass, recorded before the evaluation that they judge."""

    kind = "policy"
    rules: tuple[Component, ...]


class Base(Record):
    """A base model: what its weights, tokenizer and template are, wherever they lie."""

    kind = "base"
    reference: str
    source: str = Field(description="embedded, directory, gguf or hub")
    files: Mapping[str, str] = Field(description="file name to digest")
    architecture: str
    licence: str | None
    hub_id: str | None = Field(default=None, description="the model's name on the hub, where it has one")
    revision: str | None = Field(default=None, description="commit on the hub, where it was fetched from one")


class SourceUse(Frozen):
    """One source of a dataset version."""

    component: Component
    rows: int
    licence: str | None


class StepReport(Frozen):
    """What one curation step did."""

    component: Component
    action: str = Field(description="filter, drop or redact")
    rows_in: int
    dropped: Mapping[str, int] = Field(description="reason to number of rows")
    changed: int


class DatasetVersion(Record):
    """An immutable set of examples: where they came from, what was dropped, and the digest of what stayed."""

    kind = "dataset"
    parent_fields = ("held_out",)
    role: str = Field(description="training or evaluation")
    sources: tuple[SourceUse, ...]
    steps: tuple[StepReport, ...]
    rows: int
    groups: int
    mix: Mapping[str, Mapping[str, int]] = Field(description="provenance, intent, language: value to rows")
    digest: str = Field(description="columns_id of the examples table")
    held_out: str | None = Field(default=None, description="the evaluation set that this one was kept clear of")


class LossPoint(Frozen):
    """The mean training loss over the logging window that ends at an optimiser step."""

    step: int
    loss: float


class Environment(Frozen):
    """What ran a stage."""

    python: str
    platform: str
    device: str
    threads: int
    packages: Mapping[str, str]
    git_commit: str | None
    git_dirty: bool | None


class Adapter(Record):
    """Trained LoRA weights with the base, dataset, recipe and environment that made them."""

    kind = "adapter"
    parent_fields = ("base", "dataset")
    base: str
    dataset: str
    recipe: Component
    seed: int
    files: Mapping[str, str] = Field(description="file name to digest")
    digest: str = Field(description="tree_id of the files")
    losses: tuple[LossPoint, ...]
    steps: int
    tokens: int = Field(description="tokens that carried loss, over all epochs")
    notes: tuple[str, ...] = Field(description="deviations from the playbook, as the trainer states them")
    environment: Environment


class GenerationSettings(Frozen):
    """How responses are made: greedy, so that they can be made again."""

    max_new_tokens: int = Field(default=64, ge=1, le=1_000_000)
    batch_size: int = Field(default=16, ge=1, le=1_000_000)


class Responses(Record):
    """What one subject (a base, or a base with an adapter) answered on one frozen evaluation set."""

    kind = "responses"
    parent_fields = ("base", "adapter", "dataset")
    base: str
    adapter: str | None
    dataset: str
    quantization: str
    generation: GenerationSettings
    rows: int
    digest: str = Field(description="columns_id of the responses table")
    likelihoods: str | None = Field(description="columns_id of the likelihoods table, where a metric needs one")
    environment: Environment


class Measurement(Frozen):
    """One metric over one subject's responses: its value and the digest of the per-row statistics behind it."""

    metric: Component
    components: tuple[str, ...] = Field(description="names of the k sufficient statistics")
    scored: int
    rows: int
    value: float | Absent
    digest: str | None = Field(description="columns_id of the metric's scores; none where the metric failed")


class Scan(Frozen):
    """A detector that looked at some fields, with what it can and cannot find."""

    detector: Component
    fields: tuple[str, ...]
    covers: tuple[str, ...]
    misses: tuple[str, ...]


class Evaluation(Record):
    """Responses scored: a measurement for each metric, and the findings of each guardrail."""

    kind = "evaluation"
    parent_fields = ("responses",)
    responses: str
    measurements: tuple[Measurement, ...]
    scans: tuple[Scan, ...]
    findings: str = Field(description="columns_id of the findings table")


class Outcome(StrEnum):
    """A verdict's outcome."""

    PASS = "PASS"  # noqa: S105 - not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


class Interval(Frozen):
    """A two-sided confidence interval; ``low`` or ``high`` is None where that side was not computed."""

    low: float | None
    high: float | None
    level: float
    method: str


class Verdict(Frozen):
    """One rule's outcome, with all that a reader needs to judge it."""

    outcome: Outcome
    reason: str
    contrast: str | None = Field(default=None, description="what was estimated, in words")
    estimate: float | None = None
    interval: Interval | None = None
    threshold: float | None = None
    rows: int | None = None
    clusters: int | None = None
    candidate: float | Absent | None = None
    champion: float | Absent | None = None


class RuleVerdict(Frozen):
    """A rule of the policy and what came of it."""

    rule: Component
    metric: str
    verdict: Verdict


class DecisionOutcome(StrEnum):
    """What a decision says of the candidate."""

    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    INCONCLUSIVE = "INCONCLUSIVE"


class Decision(Record):
    """All verdicts under one policy: approved only where every rule passes."""

    kind = "decision"
    parent_fields = ("policy", "candidate", "champion")
    policy: str
    candidate: str
    champion: str
    adapter: str = Field(description="the candidate's adapter")
    verdicts: tuple[RuleVerdict, ...]
    outcome: DecisionOutcome
    exploratory: bool = Field(description="the policy was recorded after the candidate answered")
    look: int = Field(description="how many decisions this evaluation set has now seen, this one included")


class AliasMove(Record):
    """A movable name, pointed at an adapter."""

    kind = "alias"
    parent_fields = ("adapter", "decision")
    alias: str
    adapter: str
    decision: str
    previous: str | None = Field(description="the alias move before this one")


class Card(Record):
    """A rendered card: which decision it shows, at which ledger head, from which templates."""

    kind = "card"
    parent_fields = ("decision", "about")
    decision: str
    about: str
    head: str = Field(description="hash of the ledger's last entry when the decision and its moves had been made")
    templates: Mapping[str, str]
    files: Mapping[str, str] = Field(description="file name to digest")


RECORDS: Mapping[str, type[Record]] = {
    record.kind: record
    for record in (About, Policy, Base, DatasetVersion, Adapter, Responses, Evaluation, Decision, AliasMove, Card)
}
"""Every kind of record that a ledger can hold."""
