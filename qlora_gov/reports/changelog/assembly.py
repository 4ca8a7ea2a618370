"""Changelogs: what each release changed in recipe, data and scores, and what each dataset version added.

They are made from records and the times of their ledger entries. The same ones give the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from qlora_gov.errors import IntegrityError
from qlora_gov.records import (
    Absent,
    Adapter,
    AliasMove,
    DatasetVersion,
    Decision,
    Evaluation,
    MoveReason,
    Outcome,
    Record,
    Waiver,
)
from qlora_gov.records.record import refuse_other_records
from qlora_gov.reports.changelog.context import AdapterChange, Changelog, DatasetChange, RolledBack, Waived
from qlora_gov.reports.changelog.promotions import (
    TRAINED_ELSEWHERE,
    TRAINED_ELSEWHERE_BEFORE,
    base_changes,
    recipe_changes,
    score_lines,
)
from qlora_gov.reports.dataset.changes import data_changes
from qlora_gov.reports.dataset.context import DataChanges

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, kw_only=True)
class Release:
    """A move of the champion, with the records behind it; ``at`` is the time of the move's ledger entry.

    ``decision`` and the evaluations are None where a person rolled back, ``adapter`` where the base serves alone, and
    ``training`` then or where the adapter was trained elsewhere. Raises IntegrityError for records that do not name
    each other.
    """

    at: str
    move: AliasMove
    decision: Decision | None
    adapter: Adapter | None
    training: DatasetVersion | None
    evaluation: Evaluation | None
    champion: Evaluation | None

    def __post_init__(self) -> None:
        links = ((what, named, record.id if record else None) for what, named, record in self._links())
        refuse_other_records("changelog", links)

    def _links(self) -> Iterator[tuple[str, str | None, Record | None]]:
        yield "the move's adapter", self.move.adapter, self.adapter
        yield "the move's decision", self.move.decision, self.decision
        yield "the adapter's training set", self.adapter.dataset if self.adapter else None, self.training
        yield "the decision's candidate", self.decision.candidate if self.decision else None, self.evaluation
        yield "the decision's champion", self.decision.champion if self.decision else None, self.champion


@dataclass(frozen=True)
class Dated(Generic[R]):
    """A record with the time of its ledger entry."""

    at: str
    record: R


Between = Callable[[DatasetVersion | None, DatasetVersion], DataChanges]
"""What a dataset version changed against another one, or against nothing."""


def changelog_context(
    title: str,
    releases: Sequence[Release],
    waivers: Sequence[Dated[Waiver]],
    datasets: Sequence[Dated[DatasetVersion]],
    between: Between = data_changes,
) -> Changelog:
    """The changelog of a project's adapters and of its dataset versions; all arguments are in the ledger's order.

    Raises IntegrityError where ``releases`` are not every move of the champion from the first one on.
    """
    moved = [_moved(before, after, between) for before, after in zip((None, *releases), releases, strict=False)]
    newest_first = [*reversed(moved), *(_waived(waiver) for waiver in reversed(waivers))]  # within one second, too
    return Changelog(
        title=title,
        adapters=tuple(sorted(newest_first, key=lambda entry: entry.at, reverse=True)),
        datasets=tuple(_dataset_changes(datasets, between))[::-1],
    )


def _moved(before: Release | None, after: Release, between: Between) -> AdapterChange | RolledBack:
    previous = None if before is None else before.move.id
    if (after.move.alias, after.move.previous) != ("champion", previous):
        raise IntegrityError(
            f"changelog: the move of {after.at} does not follow {previous or 'nothing'}: one is missing"
        )
    if after.move.reason is MoveReason.PROMOTED:
        return _promoted(before, after, between)
    return _rolled_back(before, after)


def _promoted(before: Release | None, after: Release, between: Between) -> AdapterChange:
    adapter, decision, candidate, champion = after.adapter, after.decision, after.evaluation, after.champion
    if adapter is None or decision is None or candidate is None or champion is None:
        raise IntegrityError(f"changelog: the promotion of {after.at} names no adapter or no decision")
    earlier = before.adapter if before else None
    return AdapterChange(
        at=after.at,
        author=after.move.author,
        before=earlier.id if earlier else None,
        after=adapter.id,
        decision=decision.id,
        outcome=decision.outcome,
        look=decision.look,
        waivers=after.move.waivers,
        recipe=recipe_changes(earlier, adapter),
        base=base_changes(earlier, adapter),
        data=_training_changes(before, after, between),
        scores=score_lines(decision, champion=champion, candidate=candidate),
    )


def _training_changes(before: Release | None, after: Release, between: Between) -> DataChanges | Absent | None:
    if after.training is None:
        return TRAINED_ELSEWHERE
    if before is not None and before.adapter is not None and before.training is None:
        return TRAINED_ELSEWHERE_BEFORE
    earlier = before.training if before else None
    same = earlier is not None and earlier.id == after.training.id
    return None if same else between(earlier, after.training)


def _rolled_back(before: Release | None, after: Release) -> RolledBack:
    verdicts = after.decision.verdicts if after.decision else ()
    return RolledBack(
        at=after.at,
        author=after.move.author,
        before=before.move.adapter if before else None,
        after=after.move.adapter,
        decision=after.move.decision,
        regressed=tuple(item.verdict.reason for item in verdicts if item.verdict.outcome is Outcome.FAIL),
    )


def _waived(waiver: Dated[Waiver]) -> Waived:
    given = waiver.record
    return Waived(
        at=waiver.at,
        author=given.author,
        rule=given.rule,
        reason=given.reason,
        expires=given.expires,
        decision=given.decision,
    )


def _dataset_changes(datasets: Sequence[Dated[DatasetVersion]], between: Between) -> Iterator[DatasetChange]:
    """Each version against the one of the same role before it."""
    last: dict[str, DatasetVersion] = {}
    for dated in datasets:
        role = dated.record.role
        yield DatasetChange(at=dated.at, role=role, changes=between(last.get(role), dated.record))
        last[role] = dated.record
