"""Curate the data and train the adapter."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.options import anyway_option, open_workspace, project_options
from qlora_gov.pipeline.pipeline import Pipeline


@click.command("train")
@project_options
@anyway_option
def command(project: Path, plugins_dirs: tuple[Path, ...], anyway: bool) -> None:
    """Curate the data and train the adapter."""
    with open_workspace(project, plugins_dirs) as space:
        adapter = Pipeline(space, anyway).train()
    assert adapter.training is not None, "it was trained here"
    losses = [point.loss for point in adapter.training.losses]
    curve = f", loss {losses[0]:.3f} to {losses[-1]:.3f}" if losses else ""
    click.echo(f"adapter {adapter.digest}: {adapter.training.steps} steps{curve}")
    click.echo(f"files: {space.adapter(adapter.digest)}")
