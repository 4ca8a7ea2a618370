"""The commands that decide on what the ledger holds, or take it over: no model is loaded, torch is not needed."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.common import open_workspace, project_options
from qlora_gov.cli.outputs import output_options, write_outputs
from qlora_gov.cli.verdicts import exit_code, show, show_measurements, show_plan
from qlora_gov.errors import INCONCLUSIVE
from qlora_gov.evidence.decisions import superseding
from qlora_gov.pipeline.pipeline import Pipeline

adapter_option = click.option(
    "--adapter", metavar="ID", help="The candidate: an adapter's id or its start (default: the newest)."
)


@click.command()
@project_options
@adapter_option
@output_options
def gate(project: Path, plugins_dirs: tuple[Path, ...], adapter: str | None, **outputs: Path | None) -> int:
    """Decide on stored evaluations; no model is loaded.

    Under rules that were recorded after the candidate answered, the decision is exploratory and cannot promote.
    Exits with 0 when the adapter is approved, 1 when it is refused, 3 when the evidence cannot tell.
    """
    with open_workspace(project, plugins_dirs) as space:
        pipeline = Pipeline(space)
        decision = pipeline.gate(adapter)
        write_outputs(pipeline, decision, outputs)
        newer = superseding(space.ledger, decision)
    show(decision)
    if newer is not None:
        click.echo(f"superseded: a newer decision on this adapter says {newer.outcome}; this one cannot promote")
        return INCONCLUSIVE
    return exit_code(decision)


@click.command()
@project_options
@adapter_option
def plan(project: Path, plugins_dirs: tuple[Path, ...], adapter: str | None) -> None:
    """Say how many evaluation rows the policy needs, from the spread of a stored evaluation.

    A comparison is planned for two systems that do not differ, a limit for a candidate as it was found; in 4 of 5
    cases so many rows decide the rule. Nothing is recorded.
    """
    with open_workspace(project, plugins_dirs) as space:
        verdicts = Pipeline(space).plan(adapter)
    show_plan(verdicts)


@click.command()
@project_options
def policy(project: Path, plugins_dirs: tuple[Path, ...]) -> None:
    """Record the policy before an evaluation that is run elsewhere, so that it can promote.

    'run' and 'evaluate' do this by themselves. Under a policy that is recorded later than a log says that its
    evaluation began, a decision is exploratory.
    """
    with open_workspace(project, plugins_dirs) as space:
        recorded = Pipeline(space).policy()
    click.echo(f"policy {recorded.id}: {len(recorded.rules)} rules")


@click.command("import")
@click.argument("tool")
@click.argument("log", type=click.Path(path_type=Path, exists=True))
@project_options
@click.option(
    "--adapter",
    "weights",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The directory of the adapter that gave these answers (default: the base answered without one).",
)
def import_log(tool: str, log: Path, project: Path, plugins_dirs: tuple[Path, ...], weights: Path | None) -> None:
    """Take over an evaluation from LOG, written by TOOL: lm_eval or inspect.

    That the answers in the log are those of the adapter is your claim, and the card says so.
    """
    with open_workspace(project, plugins_dirs) as space:
        evaluation = Pipeline(space).import_log(tool, log, weights)
    show_measurements({"imported": evaluation})
