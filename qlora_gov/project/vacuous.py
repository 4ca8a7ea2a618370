"""Rules that say nothing of a candidate, found before anything is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qlora_gov.plugin.catalog import Bound
from qlora_gov.plugin.specs import GateSpec, MetricScale
from qlora_gov.project.components import BoundAt, placed
from qlora_gov.project.schema import Project
from qlora_gov.records import Policy


def vacuous_rules(
    project: Project,
    bound: BoundAt,
    scales: Mapping[str, MetricScale],
    release: Policy,
    regression: Policy,
) -> Iterator[str]:
    """A line for each rule that says nothing and that nobody accepted: its place, and why.

    ``release`` and ``regression`` are the policies as they are recorded; what is a regression is asked of every metric
    that has a rule.
    """
    for (place, use), rule in zip(placed("policy.rules", project.policy.rules), release.rules, strict=True):
        why = _vacuous(bound[place], scales[rule.metric]) if rule.judges == "metric" else None
        if why is not None and use.accept_vacuous is None:
            remedy = "mend it, or say why it stays with 'accept_vacuous: ...'"
            yield f"{project.at(place)}: this rule says nothing: {why}; {remedy}"
    for rule in regression.rules:
        if (why := _vacuous(bound["policy.regression"], scales[rule.metric])) is not None:
            yield f"{project.at('policy.regression')}: shows no regression of {rule.metric}: {why}"


def _vacuous(gate: Bound[GateSpec], scale: MetricScale) -> str | None:
    return None if gate.spec.vacuous is None else gate.spec.vacuous(gate.settings, scale)
