"""The rules on all rows as gates: each turns its settings into a claim about a contrast, and judges that."""

from __future__ import annotations

from qlora_gov import Comparison, Verdict
from qlora_gov.stats import DIFFERENCE, VALUE, Hypothesis, no_worse
from qlora_gov_gates.judgement import judge
from qlora_gov_gates.settings import ImprovesSettings, LimitSettings, NonInferiorSettings
from qlora_gov_gates.wording import within


class NonInferior:
    """The candidate is worse than the champion by less than the margin, or better."""

    def __init__(self, settings: NonInferiorSettings) -> None:
        self.settings = settings

    def decide(self, comparison: Comparison) -> Verdict:
        """Judge the contrast with the champion against the margin.

        Raises ValueError for a relative margin of 1 or more.
        """
        metric, margin = comparison.metric, self.settings.margin
        kind = self.settings.kind_for(metric)
        hypothesis = no_worse(margin, kind, metric.higher_is_better)
        return judge(comparison, hypothesis, within(margin, kind, comparison.against), self.settings.alpha)


class Improves:
    """The candidate is better than the champion, by more than an amount where one is set."""

    def __init__(self, settings: ImprovesSettings) -> None:
        self.settings = settings

    def decide(self, comparison: Comparison) -> Verdict:
        """Judge the difference to the champion."""
        higher, by = comparison.metric.higher_is_better, self.settings.by
        hypothesis = Hypothesis(DIFFERENCE, by if higher else -by, above=higher)
        rule = f"an improvement by more than {by:.3g}" if by else "an improvement"
        return judge(comparison, hypothesis, rule, self.settings.alpha)


class AtMost:
    """The candidate's value lies below a limit, whatever the champion's is."""

    def __init__(self, settings: LimitSettings) -> None:
        self.settings = settings

    def decide(self, comparison: Comparison) -> Verdict:
        """Judge the candidate's value against the upper limit."""
        limit = self.settings.limit
        return judge(
            comparison, Hypothesis(VALUE, limit, above=False), f"below the limit {limit:.3g}", self.settings.alpha
        )


class AtLeast:
    """The candidate's value lies above a limit, whatever the champion's is."""

    def __init__(self, settings: LimitSettings) -> None:
        self.settings = settings

    def decide(self, comparison: Comparison) -> Verdict:
        """Judge the candidate's value against the lower limit."""
        limit = self.settings.limit
        return judge(
            comparison, Hypothesis(VALUE, limit, above=True), f"above the limit {limit:.3g}", self.settings.alpha
        )
