"""Make the fallback champion again."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.options import author_option, open_workspace, project_options
from qlora_gov.cli.show.moves import show_moves
from qlora_gov.cli.show.verdicts import exit_code, show
from qlora_gov.errors import INCONCLUSIVE
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.records import DecisionOutcome
from qlora_gov.release.rollback import roll_back, roll_back_if_regressed


@click.command("rollback")
@project_options
@click.option(
    "--if-regressed",
    is_flag=True,
    help="Evaluate the champion on today's evaluation set; roll back only where a regression (default 5%) is shown.",
)
@author_option
def command(project: Path, plugins_dirs: tuple[Path, ...], if_regressed: bool, author: str | None) -> int:
    """Make the fallback champion again.

    With --if-regressed, exits with 0 when the champion is shown not to have regressed, 1 when it has and was rolled
    back, 3 when the evidence cannot tell.
    """
    with open_workspace(project, plugins_dirs) as space:
        if not if_regressed:
            show_moves(roll_back(space.ledger, author), "")
            return 0
        decision, moves = roll_back_if_regressed(Pipeline(space), author)
    show(decision)
    show_moves(moves, "not rolled back: no regression is shown")
    if decision.outcome is DecisionOutcome.REFUSED and not moves:
        return INCONCLUSIVE  # something could not be measured: no regression is shown, nor that there is none
    return exit_code(decision)
