"""Options that write a decision in the forms that machines read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from qlora_gov.errors import StorageError, UsageError
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Decision
from qlora_gov.reports.decision.junit import junit_xml
from qlora_gov.reports.decision.report import DecisionReport, decision_json
from qlora_gov.reports.decision.sarif import sarif_json
from qlora_gov.reports.decision.summary import summary_markdown

F = TypeVar("F", bound=Callable[..., Any])

FORMS: dict[str, tuple[Callable[[DecisionReport, Workspace], str], str]] = {
    "json": (lambda report, _: decision_json(report), "Write the decision as JSON."),
    "junit": (lambda report, _: junit_xml(report), "Write the decision as JUnit XML, a test case for each rule."),
    "sarif": (lambda report, _: sarif_json(report), "Write the decision as SARIF 2.1.0, for code scanning."),
    "summary": (
        lambda report, space: summary_markdown(report, space.templates),
        "Write a Markdown summary for a pull request.",
    ),
}


def output_options(command: F) -> F:
    """An option for each form; together they reach the command as keywords."""
    for name, (_, text) in reversed(FORMS.items()):
        command = click.option(f"--{name}", type=click.Path(path_type=Path, dir_okay=False), help=text)(command)
    return command


def check_outputs(space: Workspace, outputs: dict[str, Path | None]) -> None:
    """Raise UsageError for an output that would overwrite something, before anything is put on record."""
    taken = [(space.root / space.file).resolve()]
    for name, path in outputs.items():
        if path is not None and path.resolve() in taken:
            raise UsageError(f"--{name} {path}: would overwrite the project file or another output")
        taken += [] if path is None else [path.resolve()]


def write_outputs(pipeline: Pipeline, decision: Decision, outputs: dict[str, Path | None]) -> None:
    """Write the forms that were asked for. Raises StorageError for a path that cannot be written."""
    asked = {name: path for name, path in outputs.items() if path is not None}
    if asked:
        report = pipeline.report(decision)
        for name, path in asked.items():
            text = FORMS[name][0](report, pipeline.space)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            except OSError as error:
                raise StorageError(
                    f"--{name} {path}: cannot be written: {error.strerror}: {error.filename}; the decision is on record"
                ) from error
