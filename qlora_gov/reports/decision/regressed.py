"""The rows that a candidate lost most on: which they are, and never what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from qlora_gov.records import Frozen
from qlora_gov.records.table import Floats
from qlora_gov.reports.rendering.figures import number


class RegressedRow(Frozen):
    """A row on which the candidate scored worse. No text of its prompt or of an answer is in it."""

    row: int = Field(ge=0, description="its number in the evaluation set, from 0")
    example: str = Field(description="id of the example")
    source: str = Field(description="where the example says that it came from, mostly file:line")
    file: str | None = Field(
        default=None, description="the path of that file from the repository's root; left out where it is not known"
    )
    candidate: float = Field(description="the candidate's score of the row")
    baseline: float = Field(description="the score of whom the rule compares with")

    @model_serializer(mode="wrap")
    def _known(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A row whose file is not known reads as it did before files were told."""
        return {name: value for name, value in plain(self).items() if name != "file" or value is not None}

    @property
    def place(self) -> str:
        """Where the example came from, by the path of its file where that is known."""
        return self.source if self.file is None else f"{self.file}:{self.source.rpartition(':')[2]}"

    def scores(self, against: str) -> str:
        """Both scores in words; ``against`` is what to call whom the rule compares with."""
        return f"{against} {number(self.baseline)}, candidate {number(self.candidate)}"


def regressed_rows(
    candidate: Floats,
    baseline: Floats,
    aggregate: Callable[[Floats], Floats],
    *,
    higher_is_better: bool,
    examples: Sequence[str],
    sources: Sequence[str],
    most: int = 10,
) -> tuple[RegressedRow, ...]:
    """The rows that lost most, worst first and then by number; none that did not lose.

    A row's score is the metric's ``aggregate`` of that row's statistics alone. A row that has no finite score on
    either side, as a ratio over nothing, is left out: how much it lost cannot be said.

    Args:
        candidate: Statistics ``[n, k]``.
        baseline: Statistics ``[n, k]`` of whom the candidate is compared with, paired by row.
        aggregate: From statistics ``[n, k]`` to values ``[n]``.
        higher_is_better: Whether a higher value is the better one.
        examples: Each row's example id, ``[n]``.
        sources: Each row's source, ``[n]``.
        most: How many rows at most.
    """
    with np.errstate(all="ignore"):  # single rows may well have no value
        ours, theirs = aggregate(candidate), aggregate(baseline)
        loss = theirs - ours if higher_is_better else ours - theirs
    lost = np.flatnonzero(np.isfinite(loss) & (loss > 0))
    worst = lost[np.argsort(-loss[lost], kind="stable")][:most]
    return tuple(
        RegressedRow(
            row=int(row),
            example=examples[row],
            source=sources[row],
            candidate=float(ours[row]),
            baseline=float(theirs[row]),
        )
        for row in worst
    )
