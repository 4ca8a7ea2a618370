"""The commands that move aliases: promote, rollback and waive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from qlora_gov.cli.common import open_workspace, project_options
from qlora_gov.cli.verdicts import EXIT_CODES, show
from qlora_gov.errors import INCONCLUSIVE
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.records import AliasMove, DecisionOutcome
from qlora_gov.release.releases import Releases

_author = click.option("--author", metavar="NAME", help="Who does this; it goes on record.")
_decision = click.option("--decision", metavar="ID", help="A decision's id or its start (default: the candidate's).")


@click.command()
@project_options
@_decision
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="The directory that is about to ship (default: where the adapter is kept).",
)
@_author
def promote(
    project: Path, plugins_dirs: tuple[Path, ...], decision: str | None, weights: Path | None, author: str | None
) -> None:
    """Make an approved adapter the champion.

    Takes an approved decision, or waivers for what did not pass, on exactly these weights, this evaluation set, this
    policy and this champion; an exploratory one promotes nothing.
    """
    with open_workspace(project, plugins_dirs) as space:
        moves = Releases(Pipeline(space)).promote(decision, weights, author)
    _say(moves, "nothing moved: it is the champion already")


@click.command()
@project_options
@click.option(
    "--if-regressed",
    is_flag=True,
    help="Evaluate the champion on today's evaluation set; roll back only where a regression (default 5%) is shown.",
)
@_author
def rollback(project: Path, plugins_dirs: tuple[Path, ...], if_regressed: bool, author: str | None) -> int:
    """Make the fallback champion again.

    With --if-regressed, exits with 0 when the champion is shown not to have regressed, 1 when it has and was rolled
    back, 3 when the evidence cannot tell.
    """
    with open_workspace(project, plugins_dirs) as space:
        releases = Releases(Pipeline(space))
        if not if_regressed:
            _say(releases.roll_back(author), "")
            return 0
        decision, moves = releases.roll_back_if_regressed(author)
    show(decision)
    _say(moves, "not rolled back: no regression is shown")
    if decision.outcome is DecisionOutcome.REFUSED and not moves:
        return INCONCLUSIVE  # something could not be measured: no regression is shown, nor that there is none
    return EXIT_CODES[decision.outcome]


@click.command()
@project_options
@_decision
@click.option("--rule", required=True, help="The name of the rule that did not pass.")
@click.option("--author", metavar="NAME", required=True, help="Who answers for it.")
@click.option("--reason", required=True, help="Why the adapter may ship all the same.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day (UTC) on which it holds.")
def waive(
    project: Path,
    plugins_dirs: tuple[Path, ...],
    decision: str | None,
    rule: str,
    author: str,
    reason: str,
    until: datetime,
) -> None:
    """Put on record that a decision may be acted on although a rule did not pass. No verdict changes."""
    with open_workspace(project, plugins_dirs) as space:
        waiver = Releases(Pipeline(space)).waive(decision, rule, author, reason, until.date())
    click.echo(f"waiver {waiver.id}: {waiver.rule!r} until {waiver.expires}")


def _say(moves: Sequence[AliasMove], nothing: str) -> None:
    for move in moves:
        click.echo(f"{move.alias}: {f'adapter {move.adapter}' if move.adapter else 'the base without an adapter'}")
    if not moves:
        click.echo(nothing)
