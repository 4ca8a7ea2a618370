"""Say how many evaluation rows the policy needs."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.options import (
    adapter_option,
    against_option,
    evaluation_option,
    open_workspace,
    project_options,
)
from qlora_gov.cli.show.detectors import show_detectors
from qlora_gov.cli.show.plans import show_foreseen, show_plan
from qlora_gov.evidence.choices import Names
from qlora_gov.pipeline.pipeline import Pipeline


@click.command("plan")
@project_options
@adapter_option
@evaluation_option
@against_option
def command(
    project: Path, plugins_dirs: tuple[Path, ...], adapter: str | None, evaluation: str | None, against: str | None
) -> None:
    """Say how many evaluation rows the policy needs, from the spread of a stored evaluation.

    A comparison is planned for two systems that do not differ, a limit for a candidate as it was found; in 4 of 5
    cases so many rows decide the rule. Before there is an evaluation, it says of the project's rows which rules they
    can decide at all, and how many it takes at least; no model is loaded. Last, it says what the detectors were
    measured to find and to flag. Nothing is recorded.
    """
    with open_workspace(project, plugins_dirs) as space:
        pipeline = Pipeline(space)
        if adapter is None and pipeline.bound.setup is not None and not pipeline.evaluated:
            show_foreseen(pipeline.foreseen())
        else:
            show_plan(pipeline.plan(adapter, Names(evaluation, against)))
        show_detectors(pipeline.bound)
