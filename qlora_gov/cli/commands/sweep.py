"""Try values of a field of the recipe, and compare them."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.canonical import short_id
from qlora_gov.cli.options import anyway_option, open_workspace, project_options
from qlora_gov.cli.show.sweeps import show_sweep
from qlora_gov.pipeline.sweep import MOST_TRIALS, SweepPlan, report_sweep
from qlora_gov.project.over import Over


@click.command("sweep")
@project_options
@click.option(
    "--over",
    metavar="FIELD=VALUES",
    default="rank=32,64,128",
    show_default=True,
    help="A field of the recipe, and the values to try.",
)
@click.option("--metric", metavar="NAME", help="What the trials are compared by (default: what the first rule judges).")
@click.option(
    "--trials", type=click.IntRange(2), default=MOST_TRIALS, show_default=True, help="How many are tried at most."
)
@anyway_option
def command(
    project: Path, plugins_dirs: tuple[Path, ...], over: str, metric: str | None, trials: int, anyway: bool
) -> None:
    """Train an adapter for each value of a field of the recipe, evaluate each, and say which is best.

    Each trial is an adapter as if the project file had that value, and what is on record already is not done again.
    All are evaluated on the same rows, and each is a look at these: a decision on one of them counts the others.
    The best is told with its interval, and "no difference shown" where the rows do not show that it is better.
    """
    with open_workspace(project, plugins_dirs) as space:
        sweep = SweepPlan(space, Over.parsed(over), metric, trials, anyway).run()
        report, folder = report_sweep(space, sweep)
    show_sweep(report)
    if sweep.best is not None:
        click.echo(f"'qlora-gov gate --adapter {short_id(sweep.adapters[sweep.best])}' decides on the best")
    click.echo(f"report: {folder / 'sweep.md'}")
