"""Dataset versions: what is in them, what became of the rows that are not, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import click
from rich.console import Console
from rich.text import Text

from qlora_gov.canonical import parse_json, short_id
from qlora_gov.cli.show.verdicts import empty_table
from qlora_gov.records import DatasetVersion
from qlora_gov.records.dataset import Mixing
from qlora_gov.records.table import Table
from qlora_gov.reports.rendering.figures import number, percent
from qlora_gov.text import one_line

MOST = 8
"""Values of a label that are shown each by itself."""


def story(version: DatasetVersion) -> str:
    """What became of the rows that were read, in a line."""
    read = sum(source.rows for source in version.sources)
    dropped = _reasons((step.component.name, step.dropped) for step in version.steps)
    changed = _reasons((step.component.name, step.altered) for step in version.steps)
    told = [f"{version.role} data: {number(read)} rows read, {number(version.rows)} left"]
    told += [f"dropped by {dropped}"] if dropped else []
    told += [f"changed by {changed}"] if changed else []
    return one_line("; ".join(told))


def _reasons(counts: Iterable[tuple[str, Mapping[str, int]]]) -> str:
    return ", ".join(
        f"{name} {number(rows)} ({reason})" for name, of_step in counts for reason, rows in of_step.items()
    )


def show_version(version: DatasetVersion) -> None:
    """Print a version as tables: sources, steps, and the mix."""
    console = Console(soft_wrap=True)
    console.print(Text(f"{version.role} version {version.digest}"))
    console.print(Text(f"record {version.id}"))
    console.print(Text(f"{number(version.rows)} rows in {number(version.groups)} groups"))
    if version.pairs:
        console.print(Text(f"{number(version.pairs)} rows with a rejected answer"))
    if version.held_out:
        console.print(Text(f"kept clear of evaluation record {short_id(version.held_out)}"))
    print_table(
        console,
        ("source", "rows", "provenance", "licence", "consent"),
        (
            (
                _place(source.component.name, source.component.settings),
                number(source.rows),
                source.provenance or "not declared",
                source.licence or "not declared",
                source.consent or "not declared",
            )
            for source in version.sources
        ),
    )
    labelled = any(step.labelled for step in version.steps)
    print_table(
        console,
        ("step", "rows in", "dropped", "changed", *(["labelled"] if labelled else [])),
        (
            (
                step.component.name,
                number(step.rows_in),
                _counts(step.dropped),
                _counts(step.altered) if step.altered else str(step.changed),
                *([number(step.labelled)] if labelled else []),
            )
            for step in version.steps
        ),
    )
    if (mixing := version.mixing) is not None:
        _show_mixing(console, mixing)
    print_table(
        console,
        ("label", "value", "rows", "share"),
        (
            (label, value, number(rows), percent(rows / max(version.rows, 1)))
            for label, counts in version.mix.items()
            for value, rows in _commonest(counts)
        ),
    )


def show_drops(version: DatasetVersion, changes: Table, wanted: Sequence[int], sources: Mapping[str, str]) -> None:
    """Print what became of rows, those with the numbers ``wanted``; ``sources`` says where matched rows stand."""
    columns = {name: list(column) for name, column in changes.items()}
    for at in wanted:
        names = ("step", "source", "became", "reason", "score", "matched", "spans")
        step, source, became, reason, score, matched, spans = (columns[name][at] for name in names)
        did = "dropped" if became is None else "changed"
        by = version.steps[int(step)].component.name if int(step) < len(version.steps) else "mix"
        line = f"{source}: {did} by {by}: {reason}"
        line += "" if score is None else f" ({score:.3g})"
        line += "" if matched is None else f", held against {sources.get(matched, short_id(matched))}"
        click.echo(one_line(line + _places(spans)))


def _places(spans: str | None) -> str:
    """Where in a row something was found."""
    if spans is None:
        return ""
    found = [(turn, start, end, kind) for kind, places in parse_json(spans).items() for turn, start, end in places]
    return "".join(f"; {kind} in turn {turn}, {start} to {end}" for turn, start, end, kind in sorted(found))


def _place(name: str, settings: Mapping[str, object]) -> str:
    path = settings.get("path")
    return f"{name} {path['path']}" if isinstance(path, Mapping) and "path" in path else name


def _show_mixing(console: Console, mixing: Mixing) -> None:
    taken = sum(mixing.taken.values())
    strata = f"in every stratum of {', '.join(mixing.by)}" if mixing.by else "in all"
    console.print(Text(f"mixed {strata}: {number(taken)} rows; the totals alone would keep {number(mixing.by_total)}"))
    print_table(
        console,
        ("provenance", "had", "taken", "share", "wanted"),
        (
            (
                kind,
                number(mixing.had.get(kind, 0)),
                number(mixing.taken.get(kind, 0)),
                percent(mixing.taken.get(kind, 0) / max(taken, 1)),
                percent(share),
            )
            for kind, share in mixing.target.items()
        ),
    )
    print_table(
        console,
        ("short of", "in", "wanted", "had"),
        ((one.provenance, one.stratum, number(one.wanted), number(one.had)) for one in mixing.shortfalls[:MOST]),
    )
    if len(mixing.shortfalls) > MOST:
        console.print(Text(f"and in {number(len(mixing.shortfalls) - MOST)} strata more"))


def _commonest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The commonest values first, and the rest of them as one."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rest = ordered[MOST:]
    return ordered[:MOST] + ([(f"{len(rest)} others", sum(rows for _, rows in rest))] if rest else [])


def _counts(counts: Mapping[str, int]) -> Text:
    return Text("\n".join(one_line(f"{number(rows)} {reason}") for reason, rows in counts.items()) or "0")


def print_table(console: Console, columns: Sequence[str], lines: Iterable[Sequence[str | Text]]) -> None:
    """Print lines under columns, the first of which is never broken; nothing where there are none."""
    table = empty_table()
    for at, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=at == 0)
    rows = list(lines)
    for line in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(one_line(cell)) for cell in line))
    if rows:
        console.print(table, crop=False)
