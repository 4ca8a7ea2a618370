"""Decide on stored evaluations; no model is loaded, torch is not needed."""

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
from qlora_gov.cli.outputs import check_outputs, output_options, write_outputs
from qlora_gov.cli.show.verdicts import exit_code, show
from qlora_gov.errors import INCONCLUSIVE
from qlora_gov.evidence.choices import Names, told
from qlora_gov.evidence.decisions import overtaken
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.text import one_line


@click.command("gate")
@project_options
@adapter_option
@evaluation_option
@against_option
@output_options
def command(
    project: Path,
    plugins_dirs: tuple[Path, ...],
    adapter: str | None,
    evaluation: str | None,
    against: str | None,
    **outputs: Path | None,
) -> int:
    """Decide on stored evaluations; no model is loaded.

    Under rules that were recorded after the candidate answered, the decision is exploratory and cannot promote.
    Exits with 0 when the adapter is approved, 1 when it is refused, 3 when the evidence cannot tell.
    """
    with open_workspace(project, plugins_dirs) as space:
        check_outputs(space, outputs)
        pipeline = Pipeline(space)
        decision = pipeline.gate(adapter, Names(evaluation, against))
        write_outputs(pipeline, decision, outputs)
        why = next(overtaken(space.ledger, decision), None)
        sides = list(told(space.ledger, decision))
    for line in sides:
        click.echo(one_line(line))
    show(decision)
    if why is not None:
        click.echo(one_line(f"superseded: {why}; this decision cannot promote"))
        return INCONCLUSIVE
    return exit_code(decision)
