"""The rule on the answers themselves: some must be others than the champion's."""

from __future__ import annotations

import math

from pydantic import Field

from qlora_gov import Comparison, Outcome, Settings, Verdict


class DiffersSettings(Settings):
    """How many answers must be others: a number of rows, and a share of them where one is set."""

    rows: int = Field(default=1, ge=1, description="at least so many answers differ")
    share: float = Field(default=0.0, ge=0, le=1, description="and at least this share of them")


class Differs:
    """Enough of the candidate's answers are others than the champion's: the adapter was applied.

    The rows at hand are counted, and nothing is inferred from them: where all answers are equal, the evidence is of
    one model under two names, however many rows there are. So there is no level and no interval.
    """

    def __init__(self, settings: DiffersSettings) -> None:
        self.settings = settings

    def decide(self, comparison: Comparison) -> Verdict:
        """Count the answers that differ. Raises ValueError where the answers are not on record."""
        if comparison.equal is None:
            raise ValueError("the answers are not on record")
        rows, differ = comparison.equal.size, int((~comparison.equal).sum())
        # a share of the rows is met by whole rows; the rounding is of what 0.1 x 30 is in binary
        needed = max(self.settings.rows, math.ceil(round(self.settings.share * rows, 9)))
        enough = differ >= needed
        least = f"at least {needed:,} must" if enough or needed > 1 else "at least one must: was the adapter applied?"
        return Verdict(
            outcome=Outcome.PASS if enough else Outcome.FAIL,
            reason=f"answers: {differ:,} of {rows:,} differ from the {comparison.against}'s, and {least}",
            contrast=f"share of answers that differ from the {comparison.against}'s",
            estimate=differ / rows if rows else None,
            threshold=needed / rows if rows else None,
            rows=rows,
        )
