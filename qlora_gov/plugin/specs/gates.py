"""Gates: rules of a policy, and the comparison that they judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qlora_gov.plugin.looks import RowLooks
from qlora_gov.plugin.specs.base import Bools, Floats, Margin, Spec
from qlora_gov.records import Overlap, Verdict
from qlora_gov.records.policy import Judged


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
    """A candidate against a baseline on one metric, paired by row: row i of both answers the same prompt.

    ``candidate`` and ``baseline`` are finite statistics ``[n, k]``; ``clusters`` numbers each row's group from 0,
    ``[n]``; ``labels`` are the properties of the examples that rows can be sliced by, each ``[n]``. ``against`` is
    what to call the baseline: the champion, or the policy's pinned ``reference``. A gate multiplies its alpha by
    ``alpha_scale``, which is below 1 where the policy has looked at these rows before, and differs from one part of
    the rows to another where some are fresh. ``methods`` is the revision of the statistical methods to judge by, None
    for the newest. ``equal`` are the rows that both sides answered with the same text, ``[n]``, None where the answers
    are not on record. ``overlap`` is what is on record of these rows in what the candidate was trained on, for a rule
    on the data. The core calls no gate where a row is missing or could not be scored on either side, and where the
    policy counts looks by row it lets no gate pass that does not heed the scale.
    """

    metric: MetricTraits
    candidate: Floats
    baseline: Floats
    clusters: NDArray[np.int64]
    labels: Mapping[str, Sequence[str | None]] = field(default_factory=dict, repr=False)
    against: str = "champion"
    alpha_scale: float = 1.0
    methods: int | None = None
    looks: RowLooks | None = field(default=None, repr=False)
    equal: Bools | None = field(default=None, repr=False)
    overlap: Overlap | None = field(default=None, repr=False)

    def part(self, rows: Bools) -> Comparison:
        """The comparison on some of the rows, by their mask ``[n]``."""
        kept = np.flatnonzero(rows).tolist()
        looks = None if self.looks is None else self.looks.part(kept)
        return replace(
            self,
            looks=looks,
            alpha_scale=self.alpha_scale if looks is None else looks.scale,
            candidate=self.candidate[kept],
            baseline=self.baseline[kept],
            clusters=self.clusters[kept],
            labels={name: [values[row] for row in kept] for name, values in self.labels.items()},
            equal=None if self.equal is None else self.equal[kept],
        )


class Gate(Protocol):
    """A rule of the policy."""

    def decide(self, comparison: Comparison) -> Verdict:
        """Judge the candidate. Raising, or returning anything but a Verdict, fails the rule."""
        ...


@dataclass(frozen=True)
class MetricScale:
    """What is known of a metric's values before any is measured: the direction, kind of margin, and their range."""

    name: str
    higher_is_better: bool
    margin: Margin
    range: tuple[float, float] | None = None
    binary: bool = False


@dataclass(frozen=True, kw_only=True)
class GateSpec(Spec):
    """A kind of rule. Its settings are a rule's keys but those of every rule, such as name, metric, against and where.

    ``vacuous(settings, scale)`` says why a rule with these settings says nothing of a candidate, as every one passes or
    none can; None where it does. Projects have to accept such a rule in so many words. A ``foreseeable`` gate may be
    asked about rows that were made up, before there are any: its verdict depends on the metric's values, the clusters
    and the labels alone. One that ``judges`` the answers or the data takes no ``metric``. Of the comparison on answers
    ``equal`` is known, and the candidate's statistics are, row by row, whether its answer is another (0 or 1, 1); of
    that on data ``overlap`` is, and no statistics (``k`` is 0).
    """

    kind = "gate"
    methods = ("decide",)
    vacuous: Callable[[Any, MetricScale], str | None] | None = None
    foreseeable: bool = False
    judges: Judged = "metric"
