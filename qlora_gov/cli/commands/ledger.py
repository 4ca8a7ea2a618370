"""The commands that look into the ledger. Text that no detector has scanned is never shown in clear."""

from __future__ import annotations

import threading
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from qlora_gov.cli.options import open_ledger
from qlora_gov.errors import UsageError
from qlora_gov.evidence.redacted import shown_rows
from qlora_gov.ledger import Entry, Ledger, serving
from qlora_gov.ledger import export as write_table
from qlora_gov.ledger.reading import fetch
from qlora_gov.project.file import PROJECT_FILE, load_project
from qlora_gov.records import Evaluation
from qlora_gov.text import one_line


@click.group("ledger")
@click.option("--project", type=click.Path(path_type=Path), default=Path(PROJECT_FILE), help="The project file.")
@click.pass_context
def command(context: click.Context, project: Path) -> None:
    """Show entries, rows and lineage; export tables; share the ledger from a server."""
    file = project / PROJECT_FILE if project.is_dir() else project
    context.obj = open_ledger(file.parent, load_project(file) if file.is_file() else None)


@command.command("list")
@click.option("--kind", help="Only entries of this kind.")
@click.pass_obj
def list_entries(book: Ledger, kind: str | None) -> None:
    """List entries, oldest first."""
    _print(book.entries(kind))


@command.command()
@click.argument("record_id", metavar="ID")
@click.pass_obj
def show(book: Ledger, record_id: str) -> None:
    """Print one record as JSON."""
    entry = book.get(record_id)
    console = Console(soft_wrap=True)
    console.print(f"entry {entry.seq}  {entry.kind}  {entry.at}  {entry.id}", highlight=False)
    console.print_json(entry.record.model_dump_json())


@command.command()
@click.argument("record_id", metavar="ID")
@click.pass_obj
def lineage(book: Ledger, record_id: str) -> None:
    """List a record and everything that it was made from, nearest first."""
    _print(book.lineage(record_id))


@command.command()
@click.argument("evaluation_id", metavar="EVALUATION")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(0), help="How many rows.")
@click.pass_obj
def rows(book: Ledger, evaluation_id: str, limit: int) -> None:
    """Show an evaluation's rows, with everything that a detector found in them taken out."""
    console = Console(soft_wrap=True)
    for row in shown_rows(book, fetch(book, evaluation_id, Evaluation))[:limit]:
        console.print(Text(one_line(f"row {row.row}  {row.example}  {row.source}"), style="bold"))
        for name, text in (("prompt", row.prompt), ("reference", row.reference), ("response", row.response)):
            console.print(Text(f"  {name}: {one_line(text)}"))


@command.command()
@click.argument("table")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export(book: Ledger, table: str, path: Path) -> None:
    """Write a whole TABLE (entries, scores, responses, ...) to a Parquet file at PATH."""
    write_table(book, table, path)
    click.echo(f"wrote {path}")


@command.command()
@click.option("--at", default="quack:localhost:9494", show_default=True, metavar="QUACK:HOST:PORT", help="Where.")
@click.pass_obj
def serve(book: Ledger, at: str) -> None:
    """Share the ledger's file as a DuckDB server, until it is interrupted.

    Projects reach it by `ledger: quack:host:port`. Server and clients read one token from QLORA_GOV_LEDGER_TOKEN:
    whoever has it can write, so other machines should come in through a proxy that adds TLS.
    """
    if not isinstance(book.location, Path):
        raise UsageError(f"{book.location} is served already: serve the file behind it")
    with serving(book.location, at):
        click.echo(f"serving {book.location} at {at}; Ctrl-C ends it")
        threading.Event().wait()


def _print(entries: list[Entry]) -> None:
    table = Table()
    for column in ("seq", "kind", "id", "at", "seconds"):
        table.add_column(column)
    for entry in entries:
        seconds = entry.facts.get("seconds", "")
        table.add_row(str(entry.seq), entry.kind, entry.id.removeprefix("sha256:")[:16], entry.at, str(seconds))
    Console().print(table)
