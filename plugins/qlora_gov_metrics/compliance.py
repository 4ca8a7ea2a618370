"""Policy compliance: the share of answers that obey the project's rules."""

from __future__ import annotations

from pydantic import Field

from qlora_gov import EvaluatedRow, MeanMetric, ProjectFile, Settings
from qlora_gov_metrics.rules import load_rules


class ComplianceSettings(Settings):
    """``rules``: a YAML file of rules."""

    rules: ProjectFile = Field(description="the YAML file of rules, relative to the project file")


class PolicyCompliance(MeanMetric):
    """1 for an answer that breaks none of the rules that apply to it, else 0; so 1 where none applies.

    The rules are lexical: they see words, not meaning.
    """

    def __init__(self, settings: ComplianceSettings) -> None:
        self._rules = load_rules(settings.rules)

    def score_row(self, row: EvaluatedRow) -> float | None:
        """1 or 0; None where there is no response."""
        if row.response is None:
            return None
        rules = (rule for rule in self._rules if rule.applies_to(row.example))
        return 0.0 if any(rule.is_broken_by(row.response, row.example) for rule in rules) else 1.0
