"""What a subject answered, and what was measured on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, JsonValue

from qlora_gov.records.component import Component
from qlora_gov.records.inputs import Inputs
from qlora_gov.records.parts import Absent, DetectorFigure, Environment, Interval
from qlora_gov.records.record import Frozen, Record


class Claim(Frozen):
    """Who vouches for evidence that was not made here: another tool's log, and whoever imported it."""

    tool: str = Field(description="what wrote the log")
    version: str = Field(description="of the tool")
    model: str = Field(description="the model as the log names it")
    began: str = Field(description="when the log says that the evaluation began, UTC in ISO 8601")
    log: str = Field(description="digest of the log's files")
    notes: tuple[str, ...] = Field(description="what of the log was left out, and why")
    importer: Component = Field(description="what read the log")
    base: str | None = Field(default=None, description="the model beneath the adapter, where the log names it")
    subject: str | None = Field(default=None, description="what the log does not show of who answered, as a sentence")
    settings: Mapping[str, str] | None = Field(
        default=None,
        description="how the answers were asked for and scored, by name, a digest of what is long; None where the "
        "importer did not read it",
    )

    def other_base(self, candidate: Claim | None) -> str | None:
        """That it names another base than the candidate's log does, as a sentence; two names may be of one model."""
        base = self.base or self.model
        if candidate is None or candidate.base in (None, base):
            return None
        return f"its base is {base!r}, the candidate's {candidate.base!r}; that both are one model is a claim"


Decoding = Literal["base", "greedy"]


class GenerationSettings(Frozen):
    """How responses are made: the likeliest token each time, so that they can be made again."""

    max_new_tokens: int = Field(default=64, ge=1, le=1_000_000, description="an answer ends here at the latest")
    batch_size: int = Field(default=16, ge=1, le=1_000_000, description="rows that are answered at a time")
    decoding: Decoding = Field(
        default="base",
        description="base: whatever the base's generation_config.json adds, such as a penalty on repetition, counts, "
        "and an answer ends where the base ends; greedy: nothing is added, and an answer ends where a turn does, too. "
        "A project of schema 2 that does not say has greedy",
    )


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
    cut: int | None = Field(default=None, description="answers that ended at the limit of tokens, where it was counted")
    empty: int | None = Field(default=None, description="answers that are no text at all, where it was counted")
    applied: Mapping[str, JsonValue] = Field(
        default={}, description="what of the base's generation_config.json had a say in the choice of tokens"
    )
    inputs: Inputs | None = Field(
        default=None, description="what the subject was given; none where nobody wrote it down"
    )


class Declared(Frozen):
    """What a metric tells gates of its values, as it did when it scored: its source alone does not say so later."""

    higher_is_better: bool = Field(description="the better direction")
    margin: Literal["absolute", "relative"] = Field(description="what a margin such as 5% is of")
    binary: bool = Field(description="each row scores (0 or 1, 1)")
    mean: bool = Field(description="its value is the first statistic over the second, worked out by the core")


class Measurement(Frozen):
    """One metric over one subject's responses: its value and the digest of the per-row statistics behind it."""

    name: str = Field(description="unique in its evaluation: what rules and reports call it")
    metric: Component
    components: tuple[str, ...] = Field(description="names of the k sufficient statistics")
    scored: int
    rows: int
    value: float | Absent
    digest: str | None = Field(description="columns_id of the metric's scores; none where the metric failed")
    declared: Declared | None = Field(default=None, description="what the metric told gates of its values")
    left_out: str | None = Field(
        default=None, description="rows that were not measured since the metric does not read their text, in words"
    )


class DetectorErrors(Frozen):
    """How a detector did on labelled texts: ``found`` of ``present`` and ``spared`` of ``absent``."""

    found: int = Field(ge=0, description="of the present ones, how many it found")
    present: int = Field(ge=1, description="texts with something to find")
    spared: int = Field(ge=0, description="of the absent ones, in how many it found nothing")
    absent: int = Field(ge=1, description="texts with nothing to find")
    measured_on: str = Field(description="which texts these were")

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

    value: float = Field(description="the corrected rate")
    interval: Interval = Field(description="of the corrected rate, the detector's own uncertainty carried through")


class Scan(Frozen):
    """A detector that looked at some fields, with what it can and cannot find."""

    name: str = Field(description="what rules and reports call it")
    detector: Component
    fields: tuple[str, ...]
    covers: tuple[str, ...]
    misses: tuple[str, ...]
    errors: DetectorErrors | Absent
    corrected: CorrectedRate | Absent = Field(description="the rate of its measurement, corrected by the errors")
    methods: int = Field(default=1, description="the revision of the statistical methods that corrected it")
    measured: tuple[DetectorFigure, ...] = Field(
        default=(), description="what the detector was seen to flag and to pass over on public texts"
    )


class Evaluation(Record):
    """Responses scored: a measurement for each metric, and the findings of each guardrail."""

    kind = "evaluation"
    parent_fields = ("responses",)
    responses: str
    measurements: tuple[Measurement, ...]
    scans: tuple[Scan, ...]
    findings: str = Field(description="columns_id of the findings table")
