"""The frozen records that stages hand on.

A record's ``id`` is the digest of its content; records name their parents by id, so lineage *is* the edges
between them. Times, hosts and durations belong to the ledger entry that holds a record, never to the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

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
        named = (getattr(self, field) for field in self.parent_fields)
        return tuple(
            id_ for value in named if value is not None for id_ in ((value,) if isinstance(value, str) else value)
        )


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


class Rule(Frozen):
    """One rule of a policy: the gate that judges, what it judges, and against whom."""

    name: str = Field(description="unique in its policy; by it a rule is required, waived and reported")
    gate: Component
    metric: str = Field(description="the name of a measurement")
    against: Literal["champion", "reference"] = "champion"
    where: Mapping[str, str] = Field(default_factory=dict, description="labels of the rows that it judges; none: all")


class Policy(Record):
    """The rules a candidate must pass, recorded before the evaluation that they judge.

    One whose ``purpose`` is a regression is what a champion breaks when it has become worse than its fallback.
    """

    kind = "policy"
    purpose: Literal["release", "regression"] = "release"
    rules: tuple[Rule, ...]
    required: tuple[str, ...] = Field(
        default=(), description="names of rules that must be there and pass: neither tolerated nor waived"
    )
    inconclusive: Literal["blocks", "tolerated"] = "blocks"
    further_looks: Literal["halve_alpha", "fresh_rows", "count"] = "halve_alpha"
    reference: str | None = Field(default=None, description="'base', or the id of the pinned adapter")

    @model_validator(mode="after")
    def _consistent(self) -> Policy:
        names = [rule.name for rule in self.rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two rules are named {twice[0]!r}; give one another name with 'name:'")
        if missing := [name for name in self.required if name not in names]:
            raise ValueError(f"required rule {missing[0]!r} is not among the rules ({', '.join(names) or 'none'})")
        compared = any(rule.against == "reference" for rule in self.rules)
        if compared != (self.reference is not None):
            what = (
                "a rule is against the reference, but none is named" if compared else "no rule is against the reference"
            )
            raise ValueError(what)
        return self


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


class Claim(Frozen):
    """Who vouches for evidence that was not made here: another tool's log, and whoever imported it."""

    tool: str
    version: str
    model: str = Field(description="the model as the log names it")
    began: str = Field(description="when the log says that the evaluation began, UTC in ISO 8601")
    log: str = Field(description="digest of the log's files")
    notes: tuple[str, ...] = Field(description="what of the log was left out, and why")
    importer: Component


class Training(Frozen):
    """The run of a trainer."""

    recipe: Component
    seed: int
    losses: tuple[LossPoint, ...]
    steps: int
    tokens: int = Field(description="tokens that carried loss, over all epochs")
    notes: tuple[str, ...] = Field(description="deviations from the playbook, as the trainer states them")
    environment: Environment


class Adapter(Record):
    """Trained LoRA weights with the base, dataset, recipe and environment that made them.

    Of an adapter that was trained elsewhere only the files are known.
    """

    kind = "adapter"
    parent_fields = ("base", "dataset")
    base: str | None
    dataset: str | None
    files: Mapping[str, str] = Field(description="file name to digest")
    digest: str = Field(description="tree_id of the files")
    training: Training | None


class GenerationSettings(Frozen):
    """How responses are made: greedy, so that they can be made again."""

    max_new_tokens: int = Field(default=64, ge=1, le=1_000_000)
    batch_size: int = Field(default=16, ge=1, le=1_000_000)


class Responses(Record):
    """What one subject (a base, or a base with an adapter) answered on one frozen evaluation set.

    Imported ones carry the scores that the other tool ``recorded``, and its ``claim`` in place of settings and
    environment.
    """

    kind = "responses"
    parent_fields = ("base", "adapter", "dataset")
    base: str | None
    adapter: str | None
    dataset: str
    quantization: str | None
    generation: GenerationSettings | None
    rows: int
    digest: str = Field(description="columns_id of the responses table")
    likelihoods: str | None = Field(description="columns_id of the likelihoods table, where a metric needs one")
    recorded: str | None = Field(default=None, description="columns_id of the recorded table, of imported scores")
    environment: Environment | None
    claim: Claim | None = None


class Measurement(Frozen):
    """One metric over one subject's responses: its value and the digest of the per-row statistics behind it."""

    name: str = Field(description="unique in its evaluation: what rules and reports call it")
    metric: Component
    components: tuple[str, ...] = Field(description="names of the k sufficient statistics")
    scored: int
    rows: int
    value: float | Absent
    digest: str | None = Field(description="columns_id of the metric's scores; none where the metric failed")


class Interval(Frozen):
    """A two-sided confidence interval; ``low`` or ``high`` is None where that side was not computed."""

    low: float | None
    high: float | None
    level: float
    method: str


class DetectorErrors(Frozen):
    """How a detector did on labelled texts: ``found`` of ``present`` and ``spared`` of ``absent``."""

    found: int = Field(ge=0)
    present: int = Field(ge=1)
    spared: int = Field(ge=0)
    absent: int = Field(ge=1)
    measured_on: str

    @property
    def sensitivity(self) -> float:
        """The share of present ones that it found."""
        return self.found / self.present

    @property
    def specificity(self) -> float:
        """The share of texts with nothing in them that it spared."""
        return self.spared / self.absent


class CorrectedRate(Frozen):
    """A detector's rate, corrected by its measured errors."""

    value: float
    interval: Interval


class Scan(Frozen):
    """A detector that looked at some fields, with what it can and cannot find."""

    name: str = Field(description="what rules and reports call it")
    detector: Component
    fields: tuple[str, ...]
    covers: tuple[str, ...]
    misses: tuple[str, ...]
    errors: DetectorErrors | Absent
    corrected: CorrectedRate | Absent = Field(description="the rate of its measurement, corrected by the errors")


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


class SliceFinding(Frozen):
    """One slice of the rows under a rule."""

    slice: str
    outcome: Outcome
    reason: str
    estimate: float | None = None
    interval: Interval | None = None
    threshold: float
    rows: int
    clusters: int
    candidate: float | Absent
    champion: float | Absent


class Verdict(Frozen):
    """One rule's outcome, with all that a reader needs to judge it.

    ``champion`` is the value of whom the rule compares with. The last four numbers say what the rows could show:
    a gate that gives none leaves them out.
    """

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
    alpha: float | None = Field(default=None, description="the one-sided level that the rule was tested at")
    bound: float | None = Field(default=None, description="the one-sided bound that decides")
    detectable: float | None = Field(default=None, description="the distance from the threshold shown in 4 of 5 cases")
    rows_needed: int | None = Field(default=None, description="rows that show the distance found, in 4 of 5 cases")
    rows_planned: int | None = Field(
        default=None,
        description="rows that decide in 4 of 5 cases where both sides are alike; none where no number of rows would",
    )
    slices: tuple[SliceFinding, ...] = ()


class RuleVerdict(Frozen):
    """A rule of the policy and what came of it."""

    rule: Rule
    verdict: Verdict


class DecisionOutcome(StrEnum):
    """What a decision says of the candidate."""

    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    INCONCLUSIVE = "INCONCLUSIVE"


class Decision(Record):
    """All verdicts under one policy: approved only where every rule passes."""

    kind = "decision"
    parent_fields = ("policy", "candidate", "champion", "reference")
    policy: str
    candidate: str
    champion: str
    reference: str | None = Field(default=None, description="the evaluation of the policy's pinned reference")
    adapter: str = Field(description="the candidate's adapter")
    verdicts: tuple[RuleVerdict, ...]
    outcome: DecisionOutcome
    exploratory: bool = Field(description="the policy was recorded after the candidate answered")
    look: int = Field(description="how many decisions this evaluation set has now seen, this one included")


class Waiver(Record):
    """Somebody's word that a decision may be acted on although a rule did not pass. It edits no verdict."""

    kind = "waiver"
    parent_fields = ("decision",)
    decision: str
    rule: str
    author: str
    reason: str
    expires: date = Field(description="the last day, UTC, on which it holds")


Alias = Literal["champion", "candidate", "fallback"]


class MoveReason(StrEnum):
    """Why an alias moved."""

    DECIDED = "decided"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"
    REGRESSED = "regressed"


class AliasMove(Record):
    """A movable name, pointed at an adapter; at none, it means the base without one."""

    kind = "alias"
    parent_fields = ("adapter", "decision", "previous", "waivers")
    alias: Alias
    adapter: str | None
    decision: str | None = Field(description="what the move rests on; none where a person rolled back")
    previous: str | None = Field(description="the alias move before this one")
    reason: MoveReason
    author: str | None = Field(default=None, description="who moved it, where a person is named")
    waivers: tuple[str, ...] = ()


class Card(Record):
    """A rendered card: which decision it shows, at which ledger head, from which templates."""

    kind = "card"
    parent_fields = ("decision", "about")
    decision: str
    about: str
    head: str = Field(description="hash of the decision's entry, the ledger's head when it had been made")
    templates: Mapping[str, str]
    files: Mapping[str, str] = Field(description="file name to digest")


RECORDS: Mapping[str, type[Record]] = {
    record.kind: record
    for record in (
        About,
        Policy,
        Base,
        DatasetVersion,
        Adapter,
        Responses,
        Evaluation,
        Decision,
        Waiver,
        AliasMove,
        Card,
    )
}
"""Every kind of record that a ledger can hold."""
