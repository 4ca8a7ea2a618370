"""When a training has come to nothing: a loss or a gradient that is no number, or a loss worse than guessing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from qlora_gov import LossPoint, TrainingError

_STEPS, _TIMES = 5, 3
"""Steps in a row whose loss must be so many times what it was before: no odd row stops a training that goes well."""
_NAMED = 5
"""Rows of a step that are named."""


def _unknown(step: int) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Divergence:
    """What a training knows of itself.

    ``guess`` is the mean loss of who holds all tokens to be as likely, in nats; ``rows`` gives the sources of a step's.
    """

    guess: float = math.inf
    rows: Callable[[int], Sequence[str]] = _unknown

    def refuse_numbers(self, step: int, loss: float, gradient: float) -> None:
        """Raise TrainingError where a step's loss, or the norm of its gradient, is not finite."""
        for what, value in (("loss", loss), ("norm of the gradient", gradient)):
            if not math.isfinite(value):
                raise self._error(f"the {what} became {value} at step {step}", step)

    def refuse_explosion(self, losses: Sequence[LossPoint]) -> None:
        """Raise TrainingError where the last losses are all worse than guessing, and than what the others were."""
        last = losses[-_STEPS:]
        lowest = min(point.loss for point in last)
        if lowest <= self.guess or not (before := [point.loss for point in losses[:-_STEPS]]):
            return
        if lowest > _TIMES * (usual := median(before)):
            raise self._error(
                f"the loss exploded: above {lowest:.3g} for {_STEPS} steps since step {last[0].step}, where guessing "
                f"gives {self.guess:.3g} and the median before was {usual:.3g}",
                last[0].step,
            )

    def _error(self, what: str, step: int) -> TrainingError:
        rows = self.rows(step)
        more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
        told = f" among those of step {step}: {', '.join(rows[:_NAMED])}{more}" if rows else ""
        return TrainingError(f"{what}; no adapter is recorded: lower the learning rate, or look for broken rows{told}")
