"""The commands that document: cards, their signatures, changelogs. No model is loaded."""

from __future__ import annotations

import os
from pathlib import Path

import click

from qlora_gov.attestations import PASSPHRASE_VARIABLE
from qlora_gov.attestations.signing import sign_card
from qlora_gov.cli.common import open_workspace, project_options
from qlora_gov.evidence.changelog import changelog_of
from qlora_gov.evidence.decisions import release_decision
from qlora_gov.ledger.reading import newest
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.records import Card
from qlora_gov.reports.changelog.document import render_changelog


@click.command()
@project_options
@click.option("--decision", metavar="ID", help="A decision's id or its start (default: the newest).")
def card(project: Path, plugins_dirs: tuple[Path, ...], decision: str | None) -> None:
    """Write the model card of a decision."""
    with open_workspace(project, plugins_dirs) as space:
        directory = Pipeline(space).card(release_decision(space.ledger, decision))
    click.echo(f"card: {directory / 'card.html'}")


@click.command()
@project_options
@click.option("--card", "card_id", metavar="ID", help="A card's id or its start (default: the newest).")
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help=f"A private key (PEM, Ed25519 or ECDSA P-256); its passphrase is read from {PASSPHRASE_VARIABLE}.",
)
def sign(project: Path, plugins_dirs: tuple[Path, ...], card_id: str | None, key: Path) -> None:
    """Sign what a card says of its adapter's files: an in-toto statement in a DSSE envelope beside the card."""
    with open_workspace(project, plugins_dirs) as space:
        envelope = sign_card(space, newest(space.ledger, Card, card_id), key, os.environ.get(PASSPHRASE_VARIABLE))
    click.echo(f"signed: {envelope}")


@click.command()
@project_options
def changelog(project: Path, plugins_dirs: tuple[Path, ...]) -> None:
    """Print what each release changed in recipe, data and scores, and what each dataset version added."""
    with open_workspace(project, plugins_dirs) as space:
        log = changelog_of(space.ledger, space.project.about.title)
        click.echo(render_changelog(log, space.templates).text, nl=False)
