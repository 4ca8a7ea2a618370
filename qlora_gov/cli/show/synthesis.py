"""What a synthesis would take, and what it took, as tables."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from qlora_gov.cli.show.verdicts import empty_table
from qlora_gov.pipeline.synthesis import Prepared, Synthesised
from qlora_gov.reports.rendering.figures import number
from qlora_gov.text import one_line

Lines = Iterator[tuple[str, str]]


def show_forecast(prepared: Prepared) -> None:
    """Print what asking for the missing answers can take at most."""
    _print(_forecast(prepared))


def show_synthesis(done: Synthesised) -> None:
    """Print what asking came to, and what the file holds."""
    console = Console(soft_wrap=True)
    _print(_outcome(done))
    missing = done.manifest.prompts - done.manifest.answers
    if done.asked.over_budget:
        said = f"stopped at the budget: {number(missing)} prompts are not asked"
        console.print(Text(f"{said}; with a larger one, the same command goes on"))
    console.print(Text(f"{done.path}: {number(done.manifest.rows)} rows; 'use: synthesised' reads them"))


def _forecast(prepared: Prepared) -> Lines:
    making, endpoint = prepared.making, prepared.making.endpoint
    most, prices = making.most, endpoint.prices
    yield "seed rows", number(prepared.seeds.rows)
    yield "prompts", number(len(making.requests))
    yield "to ask", number(len(making.missing))
    if endpoint.most is None:
        yield "tokens", "any number: the parameters limit no answer"
    else:
        yield "tokens", f"at most {number(most.tokens)}"
        if prices is not None:
            yield prices.currency, f"at most {number(most.money)}"
    spent = making.spending
    money = f", {number(spent.money)} {prices.currency}" if prices else ""
    yield "spent before", f"{number(spent.tokens)} tokens{money}"


def _outcome(done: Synthesised) -> Lines:
    asked, manifest = done.asked, done.manifest
    yield "requests", number(asked.requests)
    if asked.retries:
        yield "retries", f"{number(asked.retries)}, after {asked.waited:,.1f} s of waiting"
    for reason, times in sorted(asked.unanswered.items()):
        yield "not answered", f"{number(times)} {reason}"
    yield "prompts", number(manifest.prompts)
    yield "answers", f"{number(manifest.answers)}, by {', '.join(manifest.models)}"
    yield "rows", number(manifest.rows)
    for reason, times in manifest.refused.items():
        yield "refused", f"{number(times)} {reason}"
    yield "tokens", f"{number(manifest.input_tokens)} given, {number(manifest.output_tokens)} answered"
    if manifest.unmetered:
        yield "not told", f"tokens of {number(manifest.unmetered)} answers"
    for currency, cost in manifest.costs.items():
        yield currency, number(cost)


def _print(lines: Lines) -> None:
    table = empty_table()
    table.add_column("what", no_wrap=True)
    table.add_column("how many", overflow="fold")
    for line in lines:
        table.add_row(*(Text(one_line(text)) for text in line))
    Console(soft_wrap=True).print(table, crop=False)
