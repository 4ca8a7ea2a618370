"""The command that re-derives the ledger."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.common import open_workspace, project_options
from qlora_gov.errors import IntegrityError, UsageError
from qlora_gov.ledger import Head
from qlora_gov.verification import verify_workspace


def _head(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> list[Head]:
    heads = []
    for value in values:
        sequence, _, digest = value.partition(":")
        if not sequence.isdigit() or not digest:
            raise UsageError(f"--head {value!r}: write it as a card prints it, SEQUENCE:HASH")
        heads.append(Head(int(sequence), digest))
    return heads


@click.command()
@project_options
@click.option("--head", "heads", metavar="SEQ:HASH", multiple=True, callback=_head, help="A head that you kept.")
def verify(project: Path, plugins_dirs: tuple[Path, ...], heads: list[Head]) -> None:
    """Re-derive everything that the ledger states, offline and without torch.

    Every id, chain link, row digest and value is computed again, and artefacts are compared with their digests. The
    chain alone cannot show that its last entries were deleted: heads on cards and those given by --head can.
    """
    with open_workspace(project, plugins_dirs) as space:
        problems = verify_workspace(space, heads)
        entries = len(space.ledger.entries())
    for problem in problems:
        click.echo(f"{problem.kind.value}: {problem.where}: {problem.what}")
    if problems:
        raise IntegrityError(f"{len(problems)} of the things that {entries} entries state do not re-derive")
    click.echo(f"verified: {entries} entries, every id, link, digest and value re-derived")
