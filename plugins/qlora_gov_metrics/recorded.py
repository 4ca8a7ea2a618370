"""Scores that another tool recorded for each row, where the evaluation was imported."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from qlora_gov import DataError, EvaluatedRow, MeanMetric, Settings


class RecordedSettings(Settings):
    """Which score."""

    score: str = Field(min_length=1, description="its name in the log, such as gsm8k/exact_match")


class RecordedMean(MeanMetric):
    """The mean of a recorded score; a row without that score cannot be scored."""

    def __init__(self, settings: RecordedSettings) -> None:
        self._name = settings.score

    def score(self, rows: Sequence[EvaluatedRow]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Statistics (score, 1) ``[n, 2]`` and which rows were scored ``[n]``.

        Raises:
            DataError: No row has the score at all: it was left out of the log, or its name is wrong; names the nearest.
        """
        if rows and not any(self._name in row.recorded for row in rows):
            for note in rows[0].notes:
                name, _, why = note.partition(": ")
                if name == self._name:
                    raise DataError(f"no row has a recorded score named {name!r}: {why}")
            known = sorted({name for row in rows for name in row.recorded})
            near = difflib.get_close_matches(self._name, known) or known
            names = f"recorded are {', '.join(near)}" if known else "nothing is recorded; was it imported?"
            raise DataError(f"no row has a recorded score named {self._name!r}; {names}")
        return super().score(rows)

    def score_row(self, row: EvaluatedRow) -> float | None:
        """The score as it was recorded."""
        return row.recorded.get(self._name)


class RecordedRate(RecordedMean):
    """The share of rows whose recorded score is 1."""

    def score_row(self, row: EvaluatedRow) -> float | None:
        """The score as it was recorded. Raises DataError where it is neither 0 nor 1."""
        score = super().score_row(row)
        if score not in (None, 0, 1):
            raise DataError(f"{row.example.source}: {self._name} is {score}, not 0 or 1; measure it as recorded_mean")
        return score
