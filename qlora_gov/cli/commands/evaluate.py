"""Train if needed, and evaluate adapter and champion."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.options import anyway_option, open_workspace, project_options
from qlora_gov.cli.show.verdicts import show_measurements
from qlora_gov.evidence.aliases import adapter_at
from qlora_gov.evidence.evaluations import responses_of
from qlora_gov.pipeline.pipeline import Pipeline


@click.command("evaluate")
@project_options
@anyway_option
def command(project: Path, plugins_dirs: tuple[Path, ...], anyway: bool) -> None:
    """Train if needed, and evaluate the adapter and its champion."""
    with open_workspace(project, plugins_dirs) as space:
        candidate, baselines = Pipeline(space, anyway).train_and_evaluate()
        champion = adapter_at(space.ledger, "champion")
        is_champion = champion is not None and responses_of(space.ledger, candidate).adapter == champion.id
    names = {"champion": "baseline", "candidate": "champion"} if is_champion else {}  # what it was promoted against
    sides = {**baselines.by_name, "candidate": candidate}
    show_measurements({names.get(who, who): evaluation for who, evaluation in sides.items()})
