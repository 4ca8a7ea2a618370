"""What is odd and stops nothing: a line each, on standard error."""

from __future__ import annotations

from collections.abc import Iterable

import click

from qlora_gov.text import one_line


def show_notices(notices: Iterable[str]) -> None:
    """Print each notice."""
    for notice in notices:
        click.echo(f"notice: {one_line(notice)}", err=True)
