"""Moves of aliases, as lines."""

from __future__ import annotations

from collections.abc import Sequence

import click

from qlora_gov.records import AliasMove


def show_moves(moves: Sequence[AliasMove], nothing: str) -> None:
    """Print where each alias points now, or ``nothing``."""
    for move in moves:
        click.echo(f"{move.alias}: {f'adapter {move.adapter}' if move.adapter else 'the base without an adapter'}")
    if not moves:
        click.echo(nothing)
