"""What a plugin contributes: frozen specs, and the protocols of the components that they make.

A hook returns specs when the plugin is loaded; nothing is constructed and no heavy library is imported until a
component is first used. A component is made by its spec's ``factory``, which is called with the validated
settings (an instance of the spec's ``config`` model) or, where there is none, with nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from qlora_gov.examples import Example
from qlora_gov.records import LossPoint, Verdict

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Need = Literal["response", "loglikelihood"]
Margin = Literal["absolute", "relative"]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What every spec says: a short name, one line for people, how to make it, and what it takes.

    ``requires`` names the modules that must be importable for the component to work, ``extra`` the extra of this
    distribution that installs them. ``revision`` is for components that come with qlora_gov: whoever changes what one
    means raises it, and only that makes evidence of before another component's. Any other component is known by its
    source.
    """

    kind: ClassVar[str]
    name: str
    summary: str
    factory: Callable[..., Any]
    config: type[BaseModel] | None = None
    requires: tuple[str, ...] = ()
    extra: str | None = None
    revision: int = 1


# --- data ---------------------------------------------------------------------------------------------------


class Source(Protocol):
    """Where examples come from."""

    def read(self) -> Iterator[Example]:
        """Yield the examples in a stable order. Raises DataError that names the file and line."""
        ...


@dataclass(frozen=True, kw_only=True)
class SourceSpec(Spec):
    """A source of examples."""

    kind = "source"


@dataclass(frozen=True)
class Drop:
    """A filter's word that a row goes, and why, in a few stable words that can be counted."""

    reason: str


class Filter(Protocol):
    """A step of curation."""

    def apply(self, examples: Sequence[Example], held_out: Sequence[Example]) -> Sequence[Example | Drop]:
        """Return, for each example in its place, the example itself, a changed one, or a Drop.

        ``held_out`` are the evaluation examples that training data must be kept clear of; empty when the
        evaluation set itself is curated.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class FilterSpec(Spec):
    """A filter or transformation of examples."""

    kind = "filter"


# --- training -----------------------------------------------------------------------------------------------


class Progress(Protocol):
    """Shows how far a long piece of work has come."""

    def begin(self, label: str, total: int) -> None:
        """Start a piece of work of ``total`` units; it ends the one before."""
        ...

    def advance(self, units: int = 1, note: str = "") -> None:
        """Some units are done; ``note`` is a short word on the state, such as the loss."""
        ...


@dataclass(frozen=True)
class TrainingJob:
    """All that a trainer is given.

    ``base`` is a local directory of safetensors, configuration and tokenizer, ``base_name`` what the adapter should
    call it. ``output`` is an empty directory
    for the adapter's files. ``checkpoints`` survives a kill: a trainer that finds its own checkpoint there goes
    on from it and ends with the same weights as an uninterrupted run.
    """

    base: Path
    base_name: str
    examples: Sequence[Example]
    output: Path
    checkpoints: Path
    seed: int
    progress: Progress


@dataclass(frozen=True)
class TrainingOutcome:
    """What a trainer tells of a finished run."""

    losses: tuple[LossPoint, ...]
    steps: int
    tokens: int
    notes: tuple[str, ...] = ()


class Trainer(Protocol):
    """Trains an adapter."""

    def train(self, job: TrainingJob) -> TrainingOutcome:
        """Write the adapter (safetensors and JSON only) to ``job.output``.

        Raises TrainingError where the loss is not finite, ModelError where the base does not suit.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class TrainerSpec(Spec):
    """A way to train an adapter."""

    kind = "trainer"


# --- metrics ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LogLikelihood:
    """How a subject sees the reference answer: summed negative log-likelihood in nats, tokens, UTF-8 bytes."""

    nll: float
    tokens: int
    bytes: int


@dataclass(frozen=True)
class EvaluatedRow:
    """One evaluation example with what the core supplied for it. What a metric did not ask for is None.

    ``recorded`` are the scores that another tool gave the row, by name, where it was imported.
    """

    example: Example
    response: str | None = None
    loglikelihood: LogLikelihood | None = None
    recorded: Mapping[str, float] = field(default_factory=dict)


class Metric(Protocol):
    """A metric is sufficient statistics plus an aggregate.

    The value over any set of rows is ``aggregate(stats[rows].sum(axis=0))``, so that resampling, slicing and
    pairing need nothing from the metric but these two functions.
    """

    def score(self, rows: Sequence[EvaluatedRow]) -> tuple[Floats, Bools]:
        """Return statistics ``[n_rows, k]`` and, for each row, whether it could be scored, ``[n_rows]``.

        k is the number of ``components`` in the spec. A row that could not be scored is counted and closes the
        gate; its statistics are not read.
        """
        ...

    def aggregate(self, sums: Floats) -> Floats:
        """Map sums of statistics ``[..., k]`` to values ``[...]``, vectorised; NaN where undefined."""
        ...


@dataclass(frozen=True, kw_only=True)
class MetricSpec(Spec):
    """A metric over responses or log-likelihoods.

    ``margin`` says what a margin such as 5% is of: absolute points (rates) or relative to the champion.
    ``binary`` says that each row scores (0 or 1, 1), so that the gate uses methods for proportions.
    """

    kind = "metric"
    components: tuple[str, ...]
    higher_is_better: bool
    margin: Margin
    needs: frozenset[Need] = frozenset({"response"})
    binary: bool = False


def ratio(sums: Floats) -> Floats:
    """The first statistic over the second, ``[..., 2]`` to ``[...]``; NaN where the second is not positive."""
    total, count = sums[..., 0], sums[..., 1]
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


class MeanMetric(ABC):
    """Base for a metric that is the mean of a number for each row: write ``score_row``, nothing else.

    Its spec has ``components=MeanMetric.components``.
    """

    components: ClassVar[tuple[str, ...]] = ("sum", "rows")

    @abstractmethod
    def score_row(self, row: EvaluatedRow) -> float | None:
        """The row's score, or None where it cannot be scored."""

    def score(self, rows: Sequence[EvaluatedRow]) -> tuple[Floats, Bools]:
        """Statistics (score, 1) ``[n, 2]`` and which rows were scored ``[n]``."""
        scores = [self.score_row(row) for row in rows]
        scored = np.array([score is not None for score in scores], dtype=np.bool_)
        values = np.array([0.0 if score is None else score for score in scores], dtype=np.float64)
        return np.column_stack([values, np.ones(len(rows))]).reshape(len(rows), 2), scored

    def aggregate(self, sums: Floats) -> Floats:
        """Sum over count, ``[..., 2]`` to ``[...]``; NaN over no rows."""
        return ratio(sums)


# --- guardrails ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """Something a detector saw: its kind, a score from 0 to 1, and the span of characters ``[start, end)``."""

    kind: str
    score: float
    start: int
    end: int


class Guardrail(Protocol):
    """A detector. The core uses the same one to filter and redact training rows and to measure responses."""

    def detect(self, texts: Sequence[str]) -> Sequence[Sequence[Finding]]:
        """Return the findings of each text, in its place. A text is flagged when it has any."""
        ...


@dataclass(frozen=True, kw_only=True)
class GuardrailSpec(Spec):
    """A detector, with the kinds it can find and, as honestly, those it cannot."""

    kind = "guardrail"
    covers: tuple[str, ...]
    misses: tuple[str, ...]


# --- gates --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MetricTraits:
    """What a gate must know of a metric: its direction, kind of margin, and how sums become a value."""

    name: str
    higher_is_better: bool
    margin: Margin
    binary: bool
    aggregate: Callable[[Floats], Floats] = field(repr=False)


@dataclass(frozen=True)
class Comparison:
    """A candidate against its champion on one metric, paired by row: row i of both answers the same prompt.

    ``candidate`` and ``champion`` are finite statistics ``[n, k]``; ``clusters`` numbers each row's group from 0,
    ``[n]``; ``labels`` are the properties of the examples that rows can be sliced by, each ``[n]``. ``against`` is
    what to call the champion, which may be the policy's pinned reference. A gate multiplies its alpha by
    ``alpha_scale``, which is below 1 where the policy has looked at these rows before. ``methods`` is the revision of
    the statistical methods to judge by, None for the newest. The core calls no gate where a row is missing or could
    not be scored on either side.
    """

    metric: MetricTraits
    candidate: Floats
    champion: Floats
    clusters: NDArray[np.int64]
    labels: Mapping[str, Sequence[str | None]] = field(default_factory=dict, repr=False)
    against: str = "champion"
    alpha_scale: float = 1.0
    methods: int | None = None

    def part(self, rows: Bools) -> Comparison:
        """The comparison on some of the rows, by their mask ``[n]``."""
        kept = np.flatnonzero(rows).tolist()
        return replace(
            self,
            candidate=self.candidate[kept],
            champion=self.champion[kept],
            clusters=self.clusters[kept],
            labels={name: [values[row] for row in kept] for name, values in self.labels.items()},
        )


class Gate(Protocol):
    """A rule of the policy."""

    def decide(self, comparison: Comparison) -> Verdict:
        """Judge the candidate. Raising, or returning anything but a Verdict, fails the rule."""
        ...


@dataclass(frozen=True, kw_only=True)
class GateSpec(Spec):
    """A kind of rule. Its settings are a rule's keys but those of every rule: name, metric, against, where."""

    kind = "gate"


# --- imports ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ImportedRow:
    """One answer that another tool logged: the example it answers, the answer, and its scores by name."""

    example: Example
    response: str
    scores: Mapping[str, float]


@dataclass(frozen=True)
class ImportedEvaluation:
    """What another tool's log says of one subject, row by row.

    Two logs pair where their examples are equal: an example holds the prompt as the subject saw it, and an epoch or
    a document's number where the tool asked several times. ``began`` is when the log says that the evaluation
    began, UTC in ISO 8601; ``files`` are those that were read, for their digest; ``notes`` say what of the log was
    left out, and why; ``adapter`` is whether the log says that an adapter answered, None where it says nothing.
    """

    tool: str
    version: str
    model: str
    began: str
    rows: Sequence[ImportedRow]
    files: Sequence[Path]
    notes: tuple[str, ...] = ()
    adapter: bool | None = None


class Importer(Protocol):
    """Reads another tool's log."""

    def read(self, path: Path) -> ImportedEvaluation:
        """Read a log file or directory. Raises DataError that names the file and what is wrong with it."""
        ...


@dataclass(frozen=True, kw_only=True)
class ImporterSpec(Spec):
    """A reader of another tool's evaluation logs."""

    kind = "importer"


SPECS: Mapping[str, type[Spec]] = {
    spec.kind: spec for spec in (SourceSpec, FilterSpec, TrainerSpec, MetricSpec, GuardrailSpec, GateSpec, ImporterSpec)
}
