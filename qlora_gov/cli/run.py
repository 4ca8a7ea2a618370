"""The commands that train and evaluate."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.common import open_workspace, project_options
from qlora_gov.cli.verdicts import EXIT_CODES, show
from qlora_gov.pipeline import Pipeline


@click.command()
@project_options
def run(project: Path, plugins_dirs: tuple[Path, ...]) -> int:
    """Curate, train, evaluate, gate and write the card.

    What the ledger has already is not done again, so that a run which was cut short goes on where it stopped.
    Exits with 0 when the adapter is approved, 1 when it is refused, 3 when the evidence cannot tell.
    """
    with open_workspace(project, plugins_dirs) as space:
        pipeline = Pipeline(space)
        decision = pipeline.run()
        card = pipeline.card(decision)
    show(decision)
    click.echo(f"card: {card}")
    return EXIT_CODES[decision.outcome]


@click.command()
@project_options
def train(project: Path, plugins_dirs: tuple[Path, ...]) -> None:
    """Curate the data and train the adapter."""
    with open_workspace(project, plugins_dirs) as space:
        adapter = Pipeline(space).train()
    losses = [point.loss for point in adapter.losses]
    curve = f", loss {losses[0]:.3f} to {losses[-1]:.3f}" if losses else ""
    click.echo(f"adapter {adapter.digest}: {adapter.steps} steps{curve}")
    click.echo(f"files: {space.adapter(adapter.digest)}")


@click.command()
@project_options
def evaluate(project: Path, plugins_dirs: tuple[Path, ...]) -> None:
    """Train if needed, and evaluate the adapter and its champion."""
    with open_workspace(project, plugins_dirs) as space:
        candidate, champion = Pipeline(space).evaluate()
    click.echo(f"{'metric':<32}{'champion':>14}{'candidate':>14}")
    for before, after in zip(champion.measurements, candidate.measurements, strict=True):
        values = (m.value if isinstance(m.value, float) else None for m in (before, after))
        shown = ("not measured" if value is None else f"{value:.4g}" for value in values)
        click.echo(f"{after.metric.name:<32}" + "".join(f"{text:>14}" for text in shown))
