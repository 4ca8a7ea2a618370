"""Sign what a card says of its adapter's files."""

from __future__ import annotations

import os
from pathlib import Path

import click

from qlora_gov.attestations import PASSPHRASE_VARIABLE
from qlora_gov.attestations.signing import sign_card
from qlora_gov.cli.options import open_workspace, project_options
from qlora_gov.ledger.reading import newest
from qlora_gov.records import Card


@click.command("sign")
@project_options
@click.option("--card", "card_id", metavar="ID", help="A card's id or its start (default: the newest).")
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help=f"A private key (PEM, Ed25519 or ECDSA P-256); its passphrase is read from {PASSPHRASE_VARIABLE}.",
)
def command(project: Path, plugins_dirs: tuple[Path, ...], card_id: str | None, key: Path) -> None:
    """Sign what a card says of its adapter's files: an in-toto statement in a DSSE envelope beside the card."""
    with open_workspace(project, plugins_dirs) as space:
        envelope = sign_card(space, newest(space.ledger, Card, card_id), key, os.environ.get(PASSPHRASE_VARIABLE))
    click.echo(f"signed: {envelope}")
