"""The commands about dataset versions: what is in them, what was dropped, and what changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from qlora_gov.cli.options import open_workspace
from qlora_gov.cli.show.datasets import show_drops, show_version
from qlora_gov.cli.show.differences import Side, show_diff
from qlora_gov.cli.show.synthesis import show_forecast, show_synthesis
from qlora_gov.errors import IntegrityError, StorageError, UsageError, did_you_mean
from qlora_gov.evidence.datasets import origins_of, version_named
from qlora_gov.ledger.reading import held
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.pipeline.synthesis import preparing, synthesise
from qlora_gov.project.file import PROJECT_FILE
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import DatasetVersion
from qlora_gov.release.exports import export_version
from qlora_gov.release.publishing import pull_version, push_version
from qlora_gov.reports.dataset.datatrove import pipeline_file
from qlora_gov.reports.dataset.rows import changed_rows, place_of
from qlora_gov.verification.exports import export_problems, exported_manifest, exported_version

role_option = click.option(
    "--role",
    type=click.Choice(["training", "evaluation"]),
    default="training",
    show_default=True,
    help="Of which the newest version is meant where none is named.",
)


@click.group("data")
@click.option("--project", type=click.Path(path_type=Path), default=Path(PROJECT_FILE), help="The project file.")
@click.option("--plugins-dir", "plugins_dirs", type=click.Path(path_type=Path), multiple=True, help="More plugins.")
def command(project: Path, plugins_dirs: tuple[Path, ...]) -> None:
    """Build dataset versions, make synthetic rows, show what was dropped, compare, export and push versions.

    A version is known by the digest of its rows: the same rows from other files, or in another order, are the same.
    """


def _group_options() -> dict[str, Any]:
    """``project`` and ``plugins_dirs``, as the subcommand's group was given them."""
    group = click.get_current_context().parent
    assert group is not None, "called by a subcommand"
    return group.params


def of_project(subcommand: Callable[..., None]) -> Callable[..., None]:
    """Give a subcommand the workspace of the group's options, opened when it runs: to be explained, it needs none."""

    @wraps(subcommand)
    def opened(**options: Any) -> None:
        with open_workspace(**_group_options()) as space:
            subcommand(space, **options)

    return opened


@command.command()
@click.option("--processes", type=click.IntRange(1), help="How many curate at most (default: one a processor).")
@of_project
def build(space: Workspace, processes: int | None) -> None:
    """Curate the evaluation set, and the training set that is kept clear of it."""
    for version in Pipeline(replace(space, processes=processes)).datasets():
        show_version(version)
        click.echo()


@command.command("synthesise")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Say what it would take at most, and ask nothing.")
@of_project
def synthesise_rows(space: Workspace, name: str, dry_run: bool) -> None:
    """Make the file of synthetic rows that the project file calls NAME.

    No answer is asked for twice: after a kill, at a budget or with more seeds, the same command goes on.
    """
    if dry_run:
        with preparing(space, name) as prepared:
            show_forecast(prepared)
        return
    done = synthesise(space, name)
    show_synthesis(done)
    done.refuse_gaps()


@command.command("list")
@of_project
def list_versions(space: Workspace) -> None:
    """List dataset versions, oldest first."""
    entries = space.ledger.entries(DatasetVersion.kind)
    for entry in entries:
        version = held(entry, DatasetVersion)
        click.echo(f"{entry.at}  {version.role:<10}  {version.digest}  {version.rows:>9,} rows")
    if not entries:
        click.echo("no dataset version is on record; 'qlora-gov data build' makes one", err=True)


@command.command()
@click.argument("version", required=False)
@role_option
@of_project
def show(space: Workspace, version: str | None, role: str) -> None:
    """Show a VERSION, by the start of its digest or its record's id: sources, steps, drops and mix."""
    show_version(_version(space, version, role))


@command.command()
@click.argument("version", required=False)
@role_option
@click.option("--filter", "step", metavar="NAME", help="Only what this step did.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(0), help="How many rows.")
@of_project
def drops(space: Workspace, version: str | None, role: str, step: str | None, limit: int) -> None:
    """Show every row that a step dropped or changed: from where, why, and what it was held against; never its text."""
    found = _version(space, version, role)
    if found.changes is None:
        raise UsageError(f"version {found.digest} was made before drops were put on record; build the data anew")
    names = [*(one.component.name for one in found.steps), *(["mix"] if found.mixing else [])]
    short = [name.rpartition("/")[2] for name in names]
    of_step = [at for at, spelt in enumerate(zip(names, short, strict=True)) if step is None or step in spelt]
    if step is not None and not of_step:
        raise UsageError(f"no step of this version is named {step!r}; {did_you_mean(step, short)}")
    changes = space.ledger.table(space.ledger.get(found.id), "changes")
    told = zip(changes["step"], changes["source"], strict=True)
    order = [(int(number), place_of(str(source))) for number, source in told]
    wanted = sorted((at for at, (number, _) in enumerate(order) if number in of_step), key=order.__getitem__)
    show_drops(found, changes, wanted[:limit], _places(space, found))
    if len(wanted) > limit:
        click.echo(f"{len(wanted) - limit:,} more; --limit {len(wanted)} shows them")
    elif not wanted:
        click.echo("no row was dropped or changed")


@command.command()
@click.argument("before")
@click.argument("after")
@click.option("--rows", "each", is_flag=True, help="Name each row by its file and line.")
@of_project
def diff(space: Workspace, before: str, after: str, each: bool) -> None:
    """Show which rows AFTER has that BEFORE has not, and the reverse: from where, why, and what made them."""
    old, new = (_side(space, version_named(space.ledger, name)) for name in (before, after))
    tables = (origins_of(space.ledger, space.state, side.version) for side in (old, new))
    show_diff(old, new, changed_rows(*tables), each=each)


def _side(space: Workspace, version: DatasetVersion) -> Side:
    """A version with what its steps did with rows, as far as that is on record."""
    entry = space.ledger.get(version.id)
    treated: dict[str, str] = {}
    once: dict[str, str] = {}
    if version.changes is not None:
        changes = space.ledger.table(entry, "changes")
        names = [step.component.name for step in version.steps] + ["the mix"]
        for id_, became, at in zip(*(changes[name] for name in ("example", "became", "step")), strict=True):
            treated[str(id_)] = f"{'dropped' if became is None else 'changed'} by {names[int(at)]}"
            if became is not None:
                once[str(became)] = once.get(str(id_), str(id_))
    return Side(version, entry.at[:19].replace("T", " "), treated, once)


@command.command()
@click.argument("version", required=False)
@role_option
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="A new directory.")
@click.option("--datatrove", is_flag=True, help="Write a pipeline of datatrove there that builds the versions.")
@click.option("--tasks", default=2, show_default=True, type=click.IntRange(1), help="How many tasks it is for.")
@of_project
def export(space: Workspace, version: str | None, role: str, target: Path, datatrove: bool, tasks: int) -> None:
    """Write a VERSION to a directory for everybody: rows, where each came from, drops, manifest, Croissant, data card.

    `data check` derives its digest again there, without the project. Rows are written in clear.

    With --datatrove it is not a version that is written but what builds the project's versions past one machine: a
    Python file to be edited for a cluster (Slurm, Ray, or this machine), and then run. What it records is what `data
    build` would record.
    """
    if datatrove:
        _export_pipeline(space, version, target, tasks)
        return
    found = _version(space, version, role)
    written = export_version(space, found, target)
    click.echo(f"{'wrote' if written else 'there already:'} {target}: {found.role} version {found.digest}")


def _export_pipeline(space: Workspace, version: str | None, directory: Path, tasks: int) -> None:
    path = directory / "pipeline.py"
    if version is not None:
        raise UsageError("a pipeline builds the versions of the project as it is; name none with --datatrove")
    if path.exists():
        raise UsageError(f"{path} exists; it is left as it is")
    Pipeline(space).bound.trains()  # a project that curates nothing is told now
    try:
        directory.mkdir(parents=True, exist_ok=True)
        text = pipeline_file(space.root / space.file, _group_options()["plugins_dirs"], tasks)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from error
    click.echo(f"wrote {path}: choose an executor there, then 'python {path}' (pip install 'qlora-gov[datatrove]')")


@command.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False, exists=True))
def check(directory: Path) -> None:
    """Derive an exported version again from the files in DIRECTORY. Neither project nor ledger is needed.

    What it prints is to be compared with what a card or the ledger says: whoever writes all of the files anew can make
    them agree with each other.
    """
    manifest = exported_manifest(directory)
    if problems := list(export_problems(directory, manifest)):
        raise IntegrityError(*(f"{one.where}: {one.what}" for one in problems))
    version = exported_version(manifest)
    click.echo(f"verified: {version.role} version {version.digest}, {version.rows:,} rows, record {version.id}")


@command.command()
@click.argument("version", required=False)
@role_option
@click.option("--to", "url", metavar="URL", required=True, help="s3://bucket/prefix, hub://owner/name, file:///...")
@of_project
def push(space: Workspace, version: str | None, role: str, url: str) -> None:
    """Export a VERSION to a store: under URL/DIGEST, or as a commit of a data set of the Hugging Face hub.

    What is uploaded is read back and compared, and the manifest comes last: where it is, the version is whole. Pushing
    again goes on after a kill. Any store that fsspec knows will do, once its library is installed, such as s3fs or
    gcsfs. A data set of the hub is private where it is not there yet.
    """
    found = _version(space, version, role)
    click.echo(f"pushed: {found.role} version {found.digest} to {push_version(space, found, url)}")


@command.command()
@click.argument("version", required=False)
@click.option("--from", "url", metavar="URL", required=True, help="What it was pushed to; of the hub, with @COMMIT.")
@of_project
def pull(space: Workspace, version: str | None, url: str) -> None:
    """Get the rows of a training VERSION back that are on record, and not on this machine."""
    found = _version(space, version, "training")
    got = pull_version(space, found, url)
    click.echo(f"{'pulled' if got else 'here already'}: {found.role} version {found.digest}")


def _version(space: Workspace, name: str | None, role: str) -> DatasetVersion:
    return version_named(space.ledger, name, role if name is None else None)


def _places(space: Workspace, version: DatasetVersion) -> dict[str, str]:
    """Where the rows stand that others were held against: of the version itself, and of what it was kept clear of."""
    versions = [version] + ([held(space.ledger.get(version.held_out), DatasetVersion)] if version.held_out else [])
    tables = [origins_of(space.ledger, space.state, one) for one in reversed(versions)]
    return {
        str(id_): str(source) for table in tables for id_, source in zip(table["example"], table["source"], strict=True)
    }
