"""The command that lists components."""

from __future__ import annotations

from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from qlora_gov.plugin.host import load_catalog
from qlora_gov.project.file import PROJECT_FILE, load_project


@click.command("plugins")
@click.option(
    "--plugins-dir", "plugins_dirs", type=click.Path(path_type=Path), multiple=True, help="A directory of plugins."
)
def command(plugins_dirs: tuple[Path, ...]) -> None:
    """List every component, and what is not installed.

    In a project's directory, the plugins that its project file names are listed too.
    """
    project = Path(PROJECT_FILE)
    named = [project.parent / directory for directory in load_project(project).plugins] if project.is_file() else []
    catalog = load_catalog([*named, *plugins_dirs])
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("kind", "component"):
        table.add_column(column, no_wrap=True)  # a name is there to be copied
    for column in ("from", "what it does", "state"):
        table.add_column(column, overflow="fold")
    for entry in catalog:
        state = Text(f"needs: {entry.install_command}", style="yellow") if entry.missing else Text("ready")
        origin = f"{entry.plugin.distribution} {entry.plugin.version}"
        table.add_row(entry.spec.kind, Text(entry.name), Text(origin), Text(entry.spec.summary), state)
    console = Console()
    console.print(table, crop=False)
    console.print(f"fingerprint: {catalog.fingerprint}", highlight=False, soft_wrap=True)
