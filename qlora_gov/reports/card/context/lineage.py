"""What a report says of where an adapter came from; see :mod:`qlora_gov.reports.card.context.card`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from qlora_gov.records import Absent, Component, Frozen, LossPoint, StepReport
from qlora_gov.records.dataset import Mixing
from qlora_gov.reports.dataset.context import DataChanges


class LossCurve(Frozen):
    """The training loss from first to last."""

    first: LossPoint = Field(description="the first point")
    lowest: LossPoint = Field(description="the point of the lowest loss")
    last: LossPoint = Field(description="the last point")
    curve: str = Field(description="a sparkline, for text")
    points: tuple[LossPoint, ...] = Field(description="every point, in order of the steps, for a plot")


class TrainingPart(Frozen):
    """How the adapter was trained."""

    recipe: Component = Field(description="the trainer with its settings")
    scaling: float | Absent = Field(
        description="the factor on the adapter's product: alpha / rank, or by its root (rsLoRA)"
    )
    notes: tuple[str, ...] = Field(description="the trainer's own, deviations from the playbook among them")
    seed: int = Field(description="of all that was drawn at random")
    steps: int = Field(description="steps of the optimiser")
    tokens: int = Field(description="tokens that carried loss, over all epochs")
    loss: LossCurve | Absent
    tracked: Mapping[str, str] = Field(default={}, description="where experiment trackers have the run, by tracker")


class SourceLine(Frozen):
    """One source of rows."""

    component: Component = Field(description="the source")
    rows: int = Field(description="rows that it gave")
    licence: str | Absent = Field(description="as the project file states it")
    provenance: str | Absent | None = Field(default=None, description="likewise; none of a version before they were")
    consent: str | Absent | None = Field(default=None, description="on what basis the rows may be used; likewise")


class Share(Frozen):
    """How many rows carry a value."""

    value: str = Field(description="the value")
    rows: int = Field(description="rows that carry it")
    share: float = Field(description="of all rows of the set, 0 to 1")


class MixLine(Frozen):
    """How one property, such as provenance, is spread over the rows; the commonest value first."""

    name: str = Field(description="the property")
    shares: tuple[Share, ...] = Field(description="of each value")


class TargetLine(Frozen):
    """One provenance of the training rows against the target."""

    value: str = Field(description="the provenance")
    rows: int = Field(description="rows that state it")
    share: float = Field(description="of the rows that state their provenance, 0 to 1")
    target: float = Field(description="the target's share, 0 where it names no such provenance")
    had: int | None = Field(default=None, description="rows before they were sampled; none where they were not")


class TargetPart(Frozen):
    """The provenance of the training rows against a target; in its order, then others by name."""

    stated: int = Field(description="rows that state their provenance")
    rows: int = Field(description="all rows of the set")
    lines: tuple[TargetLine, ...] = Field(description="each provenance")
    mixing: Mixing | None = Field(
        default=None, description="how rows were sampled to meet it; none where they were not"
    )


class MeasuredStep(Frozen):
    """A curation step of which it was measured how much it finds."""

    step: Component = Field(description="the guardrail or filter")
    lines: tuple[str, ...] = Field(description="what it found and flagged, a line for each set of texts")
    corrected: tuple[str, ...] = Field(default=(), description="how many rows it should have flagged, by these figures")


class DataPart(Frozen):
    """One dataset version."""

    id: str = Field(description="id of the dataset record")
    digest: str = Field(description="of the rows themselves")
    rows: int = Field(description="how many there are")
    groups: int = Field(description="rows that share a source are one group")
    sources: tuple[SourceLine, ...] = Field(description="where they came from, in order")
    steps: tuple[StepReport, ...] = Field(description="what they passed through, in order")
    mix: tuple[MixLine, ...] = Field(description="how provenance, intent and language are spread")
    measured: tuple[MeasuredStep, ...] = Field(default=(), description="what was measured of detectors among the steps")
    cautions: tuple[str, ...] = Field(default=(), description="what a detector drops that should stay, as sentences")
    since: DataChanges | None = Field(default=None, description="against the champion's training set, if they differ")
    pairs: int = Field(default=0, description="rows with a rejected answer, too: preference pairs")


class LeakLine(Frozen):
    """What one curation step dropped from the training rows since it is held out, by reason."""

    step: Component = Field(description="the filter")
    dropped: tuple[Share, ...] = Field(description="the reasons; shares are of the rows that the step was given")


class ContaminationPart(Frozen):
    """How the training rows were kept clear of the rows that were evaluated on."""

    held_out: str = Field(description="digest of the held-out rows; they are those evaluated on")
    steps: tuple[LeakLine, ...] = Field(description="those that say that they compare with held-out rows; never empty")
    left: int = Field(default=0, description="rows that share something with a held-out one, and were left in")
    unseen: int = Field(default=0, description="rows that steps after these changed, so that nobody compared them")


class FileLine(Frozen):
    """A file and its digest."""

    name: str = Field(description="the file's name")
    digest: str = Field(description="of its bytes")


class BasePart(Frozen):
    """The base model."""

    id: str = Field(description="id of the base record")
    reference: str = Field(description="as the project file names it")
    source: str = Field(description="embedded, directory, gguf or hub")
    hub_id: str | Absent = Field(description="its name on the hub")
    revision: str | Absent = Field(description="its commit on the hub")
    architecture: str = Field(description="the model's class, as its configuration names it")
    licence: str | Absent = Field(description="as the project file or the base's own card states it")
    files: tuple[FileLine, ...] = Field(description="weights, configuration and tokenizer")


class LicenceLine(Frozen):
    """What is licensed, and how."""

    what: str = Field(description="what is licensed")
    licence: str | Absent = Field(description="its licence, as it was stated")


class Fact(Frozen):
    """One fact on the environment, for each stage in its place."""

    name: str = Field(description="what it is of, such as python or torch")
    values: tuple[str | int | bool | Absent, ...] = Field(description="one for each stage")


class EnvironmentPart(Frozen):
    """What ran each stage, side by side, so that a difference is seen."""

    stages: tuple[str, ...] = Field(description="their names")
    facts: tuple[Fact, ...] = Field(description="what is known of them")
