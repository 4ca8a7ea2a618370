"""Print what each release changed, and each dataset version."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.options import open_workspace, project_options
from qlora_gov.evidence.changelog import changelog_of
from qlora_gov.reports.changelog.markdown import render_changelog


@click.command("changelog")
@project_options
def command(project: Path, plugins_dirs: tuple[Path, ...]) -> None:
    """Print what each release changed in recipe, data and scores, and what each dataset version added."""
    with open_workspace(project, plugins_dirs) as space:
        log = changelog_of(space.ledger, space.project.about.title)
        click.echo(render_changelog(log, space.templates).text, nl=False)
