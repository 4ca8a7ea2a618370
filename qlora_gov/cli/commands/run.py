"""Curate, train, evaluate, gate and write the card."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.options import anyway_option, open_workspace, project_options
from qlora_gov.cli.outputs import check_outputs, output_options, write_outputs
from qlora_gov.cli.show.datasets import story
from qlora_gov.cli.show.detectors import show_cautions
from qlora_gov.cli.show.verdicts import exit_code, show, show_unmeasured
from qlora_gov.pipeline.pipeline import Pipeline


@click.command("run")
@project_options
@anyway_option
@output_options
def command(project: Path, plugins_dirs: tuple[Path, ...], anyway: bool, **outputs: Path | None) -> int:
    """Curate, train, evaluate, gate and write the card.

    What the ledger has already is not done again, so that a run which was cut short goes on where it stopped.
    Exits with 0 when the adapter is approved, 1 when it is refused, 3 when the evidence cannot tell.
    """
    with open_workspace(project, plugins_dirs) as space:
        check_outputs(space, outputs)
        pipeline = Pipeline(space, anyway)
        show_cautions(pipeline.bound)
        decision = pipeline.run()
        card = pipeline.card(decision)
        write_outputs(pipeline, decision, outputs)
        sides, datasets = pipeline.sides(decision), pipeline.data_of(decision)
    for version in datasets:
        click.echo(story(version), err=True)  # EXPLORATORY, where it is that, comes first
    show_unmeasured(sides)
    show(decision)
    click.echo(f"card: {card / 'card.html'}")
    return exit_code(decision)
