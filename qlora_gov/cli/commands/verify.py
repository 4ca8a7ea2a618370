"""The command that re-derives the ledger, and what its cards say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from qlora_gov.attestations.signing import signature_problems
from qlora_gov.cli.options import open_workspace, project_of, project_options
from qlora_gov.errors import INCONCLUSIVE, IntegrityError, UsageError
from qlora_gov.evidence.decisions import mended_in
from qlora_gov.ledger import Problem, ProblemKind, readable_entries
from qlora_gov.project.file import PROJECT_FILE
from qlora_gov.records import Head
from qlora_gov.text import one_line
from qlora_gov.verification import KeptCard, plugin_hints, verify_workspace


def _head(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> list[Head]:
    heads = []
    for value in values:
        sequence, _, digest = value.partition(":")
        if not re.fullmatch("[0-9]{1,18}", sequence) or not digest:
            raise UsageError(f"--head {value[:80]!r}: write it as a card prints it, SEQUENCE:HASH")
        heads.append(Head(seq=int(sequence), hash=digest))
    return heads


@click.command("verify")
@project_options
@click.option("--project", "of", type=click.Path(path_type=Path), default=Path(PROJECT_FILE), help="A CARD's project.")
@click.option("--head", "heads", metavar="SEQ:HASH", multiple=True, callback=_head, help="A head that you kept.")
@click.option("--intervals", is_flag=True, help="Judge every decision again from its rows, besides.")
@click.option("--scores", "rescored", is_flag=True, help="Run every metric on the stored answers again, besides.")
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A public key: signatures of cards must hold under it, and the newest card must be signed.",
)
def command(
    project: Path,
    plugins_dirs: tuple[Path, ...],
    of: Path,
    heads: list[Head],
    intervals: bool,
    rescored: bool,
    key: Path | None,
) -> int:
    """Re-derive everything that the ledger states, offline and without torch. PROJECT may be a card instead.

    Every id, chain link, row digest and value is computed again, every decision, promotion and card is held against
    what it rests on, and artefacts are compared with their digests. The chain alone cannot show that its last entries
    were deleted, or that somebody wrote all of it anew: heads on cards that you kept, and those given by --head, can.
    A value is derived from the scores of its rows, and these are taken as metrics made them then, unless --scores asks
    for a run of the metrics: that finds one that draws at random, or that reads a file which has changed.

    A card's file, wherever it was kept, must be to the byte the one on record, and the chain must hold its head. Of a
    shared ledger, files that lie on another machine are not checked here, which the last line says.
    Exits with 0 when all re-derives, 12 when something does not, 3 when the plugins or the version at hand cannot tell.
    """
    kept = [] if project.is_dir() or project.suffix in (".yaml", ".yml") else [KeptCard.read(project)]
    with open_workspace(project_of(project, of) if kept else project, plugins_dirs) as space:
        problems = list(verify_workspace(space, heads, kept, intervals=intervals, rescored=rescored))
        problems += signature_problems(space, key) if key else ()
        absent = any(one.kind is ProblemKind.PLUGIN_MISSING for one in problems)
        hints = plugin_hints(space, readable_entries(space.ledger).entries) if absent else []
        head = space.ledger.head()
        if head is None and not problems:
            raise UsageError(f"there is no ledger at {space.ledger.location}: nothing is there to verify")
    elsewhere = [problem for problem in problems if problem.kind is ProblemKind.ELSEWHERE]
    _print([problem for problem in problems if problem.kind is not ProblemKind.ELSEWHERE])
    for hint in hints:
        click.echo(one_line(hint))
    entries = head.seq if head else 0
    touched = [
        one for one in problems if one.kind in (ProblemKind.TAMPERED, ProblemKind.MISSING, ProblemKind.SCORED_OTHERWISE)
    ]
    if touched:
        what = f"{touched[0].where}: {touched[0].what}"
        raise IntegrityError(
            f"{len(touched)} of the things that {entries} entries state do not re-derive; first: {what}"
        )
    if unsure := [one for one in problems if not one.harmless]:
        need = "need other plugins, or a newer version, to re-derive"
        click.echo(f"not verified: {len(unsure)} things that {entries} entries state {need}")
        return INCONCLUSIVE
    also = ", every verdict's numbers too" if intervals else ""
    also += ", every metric's scores too" if rescored else ""
    also += f", signatures under {key} too" if key else ""
    if elsewhere:
        more = f" and {len(elsewhere) - 1} more" if len(elsewhere) > 1 else ""
        also += f"; not checked here: {one_line(elsewhere[0].where)}{more}, {one_line(elsewhere[0].what)}"
    if mended := mended_in(space.ledger):
        also += f"; after the answers were mended: {one_line(', '.join(mended))}"
    click.echo(f"verified: {entries} entries, every id, link, digest and value re-derived{also}")
    return 0


def _print(problems: Sequence[Problem]) -> None:
    """One line for each problem; what many entries have in common, as a plugin that changed, is said once."""
    places: dict[tuple[ProblemKind, str], list[str]] = {}
    for problem in problems:
        places.setdefault((problem.kind, problem.what), []).append(problem.where)
    for (kind, what), where in places.items():
        more = f" and {len(where) - 1} more" if len(where) > 1 else ""
        click.echo(f"{kind.value}: {one_line(where[0])}{more}: {one_line(what)}")
