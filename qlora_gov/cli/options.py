"""What several commands share: options, and opening a workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from qlora_gov.cli.progress import TerminalProgress, Waiting
from qlora_gov.cli.show.notices import show_notice
from qlora_gov.ledger import Ledger
from qlora_gov.plugin.fetching import STATE_DIRECTORY
from qlora_gov.project.file import PROJECT_FILE
from qlora_gov.project.schema import Project
from qlora_gov.project.workspace import Workspace, ledger_of, open_project

F = TypeVar("F", bound=Callable[..., Any])

adapter_option = click.option(
    "--adapter", metavar="ID", help="The candidate: an adapter's id or its start (default: the newest)."
)
evaluation_option = click.option(
    "--evaluation",
    metavar="NAME",
    help="Which of the candidate's evaluations: an id's start, or a model or task of its log (default: the newest).",
)
against_option = click.option(
    "--against",
    metavar="NAME",
    help="Which evaluation of the champion or reference on the same rows: named in the same way (default: the newest).",
)
anyway_option = click.option(
    "--anyway", is_flag=True, help="Train although no answers to the evaluation rows could pass the policy."
)
author_option = click.option("--author", metavar="NAME", help="Who does this; it goes on record.")
decision_option = click.option(
    "--decision", metavar="ID", help="A decision's id or its start (default: the candidate's)."
)


def project_options(command: F) -> F:
    """``PROJECT`` and ``--plugins-dir``."""
    plugins = click.option(
        "--plugins-dir",
        "plugins_dirs",
        type=click.Path(path_type=Path),
        multiple=True,
        help="A directory of plugins, besides those that the project file names.",
    )
    project = click.argument("project", type=click.Path(path_type=Path), default=Path(PROJECT_FILE))
    return project(plugins(command))


def project_of(card: Path, project: Path) -> Path:
    """The project that is given, or, where none is here, the one in whose own directory a card lies."""
    if project == Path(PROJECT_FILE) and not project.exists():
        for directory in card.resolve().parents:
            if directory.name == STATE_DIRECTORY and (directory.parent / PROJECT_FILE).is_file():
                return directory.parent
    return project


@contextmanager
def open_workspace(project: Path, plugins_dirs: tuple[Path, ...]) -> Iterator[Workspace]:
    """Load a project file (or the one in a directory) with its plugins, and show progress while it is used."""
    with TerminalProgress() as progress:
        yield open_project(project, plugins_dirs, progress, notice=show_notice, on_wait=Waiting())


def open_ledger(root: Path, settings: Project | None) -> Ledger:
    """A project's ledger, on a server where it says so; waiting for another process is said now and then."""
    return ledger_of(root, settings, Waiting())
