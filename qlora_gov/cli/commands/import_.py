"""Take over an evaluation from another tool's log."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.options import open_workspace, project_options
from qlora_gov.cli.show.verdicts import show_measurements
from qlora_gov.pipeline.pipeline import Pipeline


@click.command("import")
@click.argument("tool")
@click.argument("log", type=click.Path(path_type=Path, exists=True))
@project_options
@click.option(
    "--adapter",
    "weights",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The directory of the adapter that gave these answers (default: the base answered without one).",
)
@click.option("--task", "tasks", metavar="NAME", multiple=True, help="Of several tasks only this one (repeatable).")
def command(
    tool: str,
    log: Path,
    project: Path,
    plugins_dirs: tuple[Path, ...],
    weights: Path | None,
    tasks: tuple[str, ...],
) -> None:
    """Take over an evaluation from LOG, written by TOOL.

    TOOL is an importer, which is a component of a plugin: lm_eval and inspect come with the product, and
    'qlora-gov plugins' lists those that are installed. That the answers in the log are those of the adapter is your
    claim, and the card says so.
    """
    with open_workspace(project, plugins_dirs) as space:
        evaluation = Pipeline(space).import_log(tool, log, weights, tasks)
    show_measurements({"imported": evaluation})
