"""What is odd and stops nothing."""

from __future__ import annotations

import click

from qlora_gov.text import one_line


def show_notice(notice: str) -> None:
    """Print a notice on standard error, where no program looks for a decision."""
    click.echo(f"notice: {one_line(notice)}", err=True)
