"""Put on record that a rule need not have passed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from qlora_gov.cli.options import decision_option, open_workspace, project_options
from qlora_gov.release.waivers import waive_rule


@click.command("waive")
@project_options
@decision_option
@click.option("--rule", required=True, help="The name of the rule that did not pass.")
@click.option("--author", metavar="NAME", required=True, help="Who answers for it.")
@click.option("--reason", required=True, help="Why the adapter may ship all the same.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day (UTC) on which it holds.")
def command(
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
        waiver = waive_rule(space.ledger, decision, rule, author=author, reason=reason, expires=until.date())
    click.echo(f"waiver {waiver.id}: {waiver.rule!r} until {waiver.expires}")
