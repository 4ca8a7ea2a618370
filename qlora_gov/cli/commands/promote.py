"""Make an approved adapter the champion."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.options import author_option, decision_option, open_workspace, project_options
from qlora_gov.cli.show.moves import show_moves
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.release.promotion import promote_adapter


@click.command("promote")
@project_options
@decision_option
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="The directory that is about to ship (default: where the adapter is kept).",
)
@author_option
def command(
    project: Path, plugins_dirs: tuple[Path, ...], decision: str | None, weights: Path | None, author: str | None
) -> None:
    """Make an approved adapter the champion.

    Takes an approved decision, or waivers for what did not pass, on exactly these weights, this evaluation set, this
    policy and this champion; an exploratory one promotes nothing.
    """
    with open_workspace(project, plugins_dirs) as space:
        moves = promote_adapter(Pipeline(space), decision, weights, author)
    show_moves(moves, "nothing moved: it is the champion already")
