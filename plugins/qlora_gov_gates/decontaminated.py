"""The rule on what a candidate was trained on: none of it is known to share anything with the evaluation rows."""

from __future__ import annotations

from qlora_gov import Comparison, Outcome, Verdict


class Decontaminated:
    """Steps of curation looked for these evaluation rows in the training data, and no row that they found was left in.

    What such a step cannot find is not known; the card says what was measured of it. Where rows were changed after the
    step had looked at them, nobody knows what they share now.
    """

    def decide(self, comparison: Comparison) -> Verdict:
        """Count the rows that were left in. Raises ValueError where nothing is on record of the training data."""
        found = comparison.overlap
        if found is None:
            raise ValueError("nothing is on record of the training data")
        rows = found.steps[-1].rows_in
        dropped = sum(sum(step.dropped.values()) for step in found.steps)
        if found.left:
            outcome, why = Outcome.FAIL, f"{found.left:,} more share something with an evaluation row, and were left in"
        elif found.unseen:
            outcome, why = Outcome.INCONCLUSIVE, f"{found.unseen:,} were changed later: put the step last"
        else:
            outcome, why = Outcome.PASS, "no other was found to share anything with an evaluation row"
        names = ", ".join(step.component.name for step in found.steps)
        return Verdict(
            outcome=outcome,
            reason=f"data: of {rows:,} training rows {names} dropped {dropped:,}; {why}",
            contrast="share of training rows left in that share something with an evaluation row",
            estimate=found.left / rows if rows else 0.0,
            threshold=0.0,
            rows=rows,
        )
