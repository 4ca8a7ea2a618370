"""What a report says of where an adapter came from; see :mod:`qlora_gov.reports.card.context.card`."""

from __future__ import annotations

from pydantic import Field

from qlora_gov.records import Absent, Component, Frozen, LossPoint, StepReport


class LossCurve(Frozen):
    """The training loss from first to last."""

    first: LossPoint
    lowest: LossPoint
    last: LossPoint
    curve: str = Field(description="a sparkline, for text")
    points: tuple[LossPoint, ...] = Field(description="every point, in order of the steps, for a plot")


class TrainingPart(Frozen):
    """How the adapter was trained."""

    recipe: Component
    scaling: float | Absent = Field(description="alpha / rank, the factor on the adapter's product")
    notes: tuple[str, ...] = Field(description="the trainer's own, deviations from the playbook among them")
    seed: int
    steps: int
    tokens: int = Field(description="tokens that carried loss, over all epochs")
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


class TargetLine(Frozen):
    """One provenance of the training rows against the playbook's target."""

    value: str
    rows: int
    share: float = Field(description="of the rows that state their provenance, 0 to 1")
    target: float = Field(description="the playbook's share, 0 where it names no such provenance")


class TargetPart(Frozen):
    """The provenance of the training rows against the playbook's target; its order, then others by name."""

    stated: int = Field(description="rows that state their provenance")
    rows: int = Field(description="all rows of the set")
    lines: tuple[TargetLine, ...]


class DataPart(Frozen):
    """One dataset version."""

    id: str = Field(description="id of the dataset record")
    digest: str = Field(description="of the rows themselves")
    rows: int
    groups: int = Field(description="rows that share a source are one group")
    sources: tuple[SourceLine, ...]
    steps: tuple[StepReport, ...]
    mix: tuple[MixLine, ...]


class LeakLine(Frozen):
    """What one curation step dropped from the training rows since it is held out, by reason."""

    step: Component
    dropped: tuple[Share, ...] = Field(description="the reasons; shares are of the rows that the step was given")


class ContaminationPart(Frozen):
    """How the training rows were kept clear of the rows that were evaluated on."""

    held_out: str = Field(description="digest of the held-out rows; they are those evaluated on")
    steps: tuple[LeakLine, ...] = Field(description="those that say that they compare with held-out rows; never empty")


class FileLine(Frozen):
    """A file and its digest."""

    name: str
    digest: str


class BasePart(Frozen):
    """The base model."""

    id: str = Field(description="id of the base record")
    reference: str = Field(description="as the project file names it")
    source: str = Field(description="embedded, directory, gguf or hub")
    hub_id: str | Absent
    revision: str | Absent
    architecture: str
    licence: str | Absent
    files: tuple[FileLine, ...]


class LicenceLine(Frozen):
    """What is licensed, and how."""

    what: str
    licence: str | Absent


class Fact(Frozen):
    """One fact on the environment, for each stage in its place."""

    name: str
    values: tuple[str | int | bool | Absent, ...]


class EnvironmentPart(Frozen):
    """What ran each stage, side by side, so that a difference is seen."""

    stages: tuple[str, ...]
    facts: tuple[Fact, ...]
