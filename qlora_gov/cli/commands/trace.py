"""Open a card's numbers, down to rows and records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from qlora_gov.cli.options import open_workspace, project_of, project_options
from qlora_gov.cli.show.traces import show_numbers, show_trace
from qlora_gov.project.file import PROJECT_FILE
from qlora_gov.tracing import open_card, stated_numbers
from qlora_gov.tracing import trace as trace_metric

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("trace")
@click.argument("card")
@click.argument("metric", required=False)
@project_options
@click.option("--rows", default=10, show_default=True, type=click.IntRange(0), help="How many rows to show.")
@click.option(
    "--against",
    type=click.Choice(["champion", "reference"]),
    default="champion",
    help="Whose rows stand beside the candidate's.",
)
@_json
def command(
    card: str,
    metric: str | None,
    project: Path,
    plugins_dirs: tuple[Path, ...],
    rows: int,
    against: str,
    as_json: bool,
) -> None:
    """Trace a METRIC of a CARD to rules, plugin, slices, rows and their source; no model is loaded.

    CARD is a card's file, or the start of the id of a card or decision. Without METRIC, every number that the card
    states is listed, with the record and field that it comes from. Rows are shown with everything taken out that a
    detector found in them; text that none has looked at stays hidden.
    """
    if metric and _is_project(Path(metric)):  # trace CARD PROJECT
        project, metric = Path(metric), None
    with open_workspace(project_of(Path(card), project), plugins_dirs) as space:
        opened = open_card(space.ledger, card)
        if metric is None:
            numbers = stated_numbers(space.ledger, opened, space.project.about)
            _print_json([one.model_dump(mode="json") for one in numbers]) if as_json else show_numbers(numbers)
            return
        traced = trace_metric(space, opened, metric, against=against, rows=rows)
    _print_json(traced.model_dump(mode="json")) if as_json else show_trace(traced)


def _is_project(path: Path) -> bool:
    return (path / PROJECT_FILE).is_file() or (path.suffix in (".yaml", ".yml") and path.is_file())


def _print_json(value: Any) -> None:
    """In ASCII: control and bidirectional characters of texts must not reach a terminal."""
    click.echo(json.dumps(value, indent=2))
