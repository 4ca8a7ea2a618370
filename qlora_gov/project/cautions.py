"""What people should know of a project's detectors before it runs."""

from __future__ import annotations

from collections.abc import Iterator

from qlora_gov.guardrails.cautions import drop_cautions, figure_lines
from qlora_gov.plugin.catalog import Bound
from qlora_gov.plugin.specs import GuardrailSpec
from qlora_gov.project.binding import BoundProject


def project_cautions(bound: BoundProject) -> list[str]:
    """A line for each sort of text that a curation step drops though it should stay."""
    found = (
        line
        for step, action in _steps(bound)
        for line in drop_cautions(step.component.name, action, step.spec.coverage(step.settings).measured)
    )
    return list(dict.fromkeys(found))


def measured_detectors(bound: BoundProject) -> list[str]:
    """Of each detector that the project uses and somebody has measured, what it finds and flags."""
    used = [*(step for step, _ in _steps(bound)), *(one.bound for one in bound.measures.guardrails)]
    found = (
        f"{one.component.name}: {line}"
        for one in used
        for line in figure_lines(one.spec.coverage(one.settings).measured)
    )
    return list(dict.fromkeys(found))


def _steps(bound: BoundProject) -> Iterator[tuple[Bound[GuardrailSpec], str]]:
    if bound.setup is None:
        return
    for data in (bound.setup.training_data, bound.setup.evaluation_data):
        for step, one in data.steps:
            if isinstance(one.spec, GuardrailSpec) and step.action is not None:
                yield one, step.action
