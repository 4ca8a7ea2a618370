"""Write the model card of a decision."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.options import open_workspace, project_options
from qlora_gov.evidence.decisions import release_decision
from qlora_gov.pipeline.pipeline import Pipeline


@click.command("card")
@project_options
@click.option("--decision", metavar="ID", help="A decision's id or its start (default: the newest).")
def command(project: Path, plugins_dirs: tuple[Path, ...], decision: str | None) -> None:
    """Write the model card of a decision."""
    with open_workspace(project, plugins_dirs) as space:
        directory = Pipeline(space).card(release_decision(space.ledger, decision))
    click.echo(f"card: {directory / 'card.html'}")
