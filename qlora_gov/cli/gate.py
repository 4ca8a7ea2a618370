"""The commands that decide and document, on what the ledger holds: no model is loaded, torch is not needed."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.common import open_workspace, project_options
from qlora_gov.cli.verdicts import EXIT_CODES, show
from qlora_gov.lookup import newest
from qlora_gov.pipeline import Pipeline
from qlora_gov.records import Decision


@click.command()
@project_options
@click.option("--adapter", metavar="ID", help="The candidate: an adapter's id or its start (default: the newest).")
def gate(project: Path, plugins_dirs: tuple[Path, ...], adapter: str | None) -> int:
    """Decide on stored evaluations; no model is loaded.

    Under rules that were recorded after the candidate answered, the decision is exploratory and cannot promote.
    Exits with 0 when the adapter is approved, 1 when it is refused, 3 when the evidence cannot tell.
    """
    with open_workspace(project, plugins_dirs) as space:
        decision = Pipeline(space).gate(adapter)
    show(decision)
    return EXIT_CODES[decision.outcome]


@click.command()
@project_options
@click.option("--decision", metavar="ID", help="A decision's id or its start (default: the newest).")
def card(project: Path, plugins_dirs: tuple[Path, ...], decision: str | None) -> None:
    """Write the model card of a decision."""
    with open_workspace(project, plugins_dirs) as space:
        path = Pipeline(space).card(newest(space.ledger, Decision, decision))
    click.echo(f"card: {path}")
