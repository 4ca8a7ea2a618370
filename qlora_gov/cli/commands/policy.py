"""Record the policy before an evaluation that is run elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.options import open_workspace, project_options
from qlora_gov.cli.show.notices import show_notice
from qlora_gov.pipeline.pipeline import Pipeline


@click.command("policy")
@project_options
def command(project: Path, plugins_dirs: tuple[Path, ...]) -> None:
    """Record the policy before an evaluation that is run elsewhere, so that it can promote.

    'run' and 'evaluate' do this by themselves. Under a policy that is recorded later than a log says that its
    evaluation began, a decision is exploratory.
    """
    with open_workspace(project, plugins_dirs) as space:
        recorded = Pipeline(space, show_notice).policy()
    click.echo(f"policy {recorded.id}: {len(recorded.rules)} rules")
