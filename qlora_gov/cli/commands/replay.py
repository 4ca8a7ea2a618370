"""Let the model answer some rows again, and compare."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.options import open_workspace, project_options
from qlora_gov.cli.show.traces import show_replay
from qlora_gov.errors import INCONCLUSIVE
from qlora_gov.evidence.evaluations import responses_of
from qlora_gov.ledger.reading import fetch, newest
from qlora_gov.pipeline.replay import replay_responses
from qlora_gov.records import Decision, Evaluation


@click.command("replay")
@project_options
@click.option("--rows", required=True, type=click.IntRange(1), help="How many rows to answer again.")
@click.option("--decision", metavar="ID", help="A decision's id or its start (default: the newest).")
@click.option("--side", type=click.Choice(["candidate", "champion"]), default="candidate", show_default=True)
def command(project: Path, plugins_dirs: tuple[Path, ...], rows: int, decision: str | None, side: str) -> int:
    """Let the model answer some rows again, and say how many answers are the same.

    Exits with 0 when all are, and with 3 when some are not: another machine, or other versions of its libraries, may
    round otherwise, so that this alone tells nothing of the evidence.
    """
    with open_workspace(project, plugins_dirs) as space:
        decided = newest(space.ledger, Decision, decision)
        evaluation = fetch(space.ledger, decided.candidate if side == "candidate" else decided.champion, Evaluation)
        replayed = replay_responses(space, responses_of(space.ledger, evaluation), rows)
    show_replay(replayed, side)
    return 0 if replayed.matches else INCONCLUSIVE
