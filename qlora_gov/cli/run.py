"""The commands that train and evaluate."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.common import open_workspace, project_options
from qlora_gov.cli.outputs import output_options, write_outputs
from qlora_gov.cli.verdicts import exit_code, show, show_measurements
from qlora_gov.pipeline.pipeline import Pipeline


@click.command()
@project_options
@output_options
def run(project: Path, plugins_dirs: tuple[Path, ...], **outputs: Path | None) -> int:
    """Curate, train, evaluate, gate and write the card.

    What the ledger has already is not done again, so that a run which was cut short goes on where it stopped.
    Exits with 0 when the adapter is approved, 1 when it is refused, 3 when the evidence cannot tell.
    """
    with open_workspace(project, plugins_dirs) as space:
        pipeline = Pipeline(space)
        decision = pipeline.run()
        card = pipeline.card(decision)
        write_outputs(pipeline, decision, outputs)
    show(decision)
    click.echo(f"card: {card / 'card.html'}")
    return exit_code(decision)


@click.command()
@project_options
def train(project: Path, plugins_dirs: tuple[Path, ...]) -> None:
    """Curate the data and train the adapter."""
    with open_workspace(project, plugins_dirs) as space:
        adapter = Pipeline(space).train()
    assert adapter.training is not None, "it was trained here"
    losses = [point.loss for point in adapter.training.losses]
    curve = f", loss {losses[0]:.3f} to {losses[-1]:.3f}" if losses else ""
    click.echo(f"adapter {adapter.digest}: {adapter.training.steps} steps{curve}")
    click.echo(f"files: {space.adapter(adapter.digest)}")


@click.command()
@project_options
def evaluate(project: Path, plugins_dirs: tuple[Path, ...]) -> None:
    """Train if needed, and evaluate the adapter and its champion."""
    with open_workspace(project, plugins_dirs) as space:
        candidate, opponents = Pipeline(space).evaluate()
    show_measurements({**opponents.by_name, "candidate": candidate})
