"""What became of the rows of a curation on their whole way, and the version that it ends in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from qlora_gov.errors import DataError, PluginError
from qlora_gov.records import SourceUse, StepReport
from qlora_gov.records.dataset import Mixing
from qlora_gov.stages.curate.course import Course
from qlora_gov.stages.curate.freezing import Curated, Workshop, freeze
from qlora_gov.stages.curate.passing import Passed, Tally, Treated
from qlora_gov.stages.curate.uses import Curation, UsedStep


@dataclass
class Account:
    """How many rows each source gave, what each step did with them, and how they were mixed."""

    read: Counter[int] = field(default_factory=Counter)
    tallies: defaultdict[int, Tally] = field(default_factory=lambda: defaultdict(Tally))
    treated: list[Treated] = field(default_factory=list)
    mixing: Mixing | None = None

    def add(self, done: Passed) -> None:
        """Count one batch more."""
        self.treated.extend(done.treated)
        for number, tally in done.tallies.items():
            self.tallies[number].add(tally)


def conclude(curation: Curation, course: Course, account: Account, shop: Workshop) -> Curated:
    """What the last passage has left, as a dataset version.

    Raises DataError where no rows are left, saying where they went.
    """
    if course.suspects:
        first = min(course.suspects)
        raise PluginError(
            f"the steps turned {first} into a held-out row; put held_out_leak last, which drops such rows"
        )
    uses = tuple(
        SourceUse(
            component=used.component,
            rows=account.read[number],
            licence=used.licence,
            provenance=used.provenance,
            consent=used.consent,
        )
        for number, used in enumerate(curation.sources)
    )
    reports = tuple(_report(step, account.tallies[number]) for number, step in enumerate(curation.steps))
    if not sum(course.sizes):
        mixed = f"; the mix left out {account.tallies[len(curation.steps)].rows_in}" if curation.mixer else ""
        raise DataError(f"no {curation.role} data is left: {_story(uses, reports)}{mixed}")
    lineage: dict[str, Any] = {
        "role": curation.role,
        "sources": uses,
        "steps": reports,
        "held_out": curation.held_out.id if curation.held_out else None,
    }
    lineage |= {"mixing": account.mixing} if curation.mixer else {}
    return freeze(lineage, course.parts, account.treated, shop, by_prompt=curation.by_prompt)


def _report(step: UsedStep, tally: Tally) -> StepReport:
    return StepReport(
        component=step.component,
        action=step.action,
        rows_in=tally.rows_in,
        dropped=dict(sorted(tally.dropped.items())),
        changed=tally.altered.total(),
        altered=dict(sorted(tally.altered.items())),
        labelled=tally.labelled,
        decontaminates=step.decontaminates,
        measured=step.measured,
    )


def _story(uses: Sequence[SourceUse], reports: Sequence[StepReport]) -> str:
    def told() -> Iterator[str]:
        yield f"{sum(use.rows for use in uses)} rows read"
        for report in reports:
            for reason, rows in report.dropped.items():
                yield f"{report.component.name} dropped {rows} ({reason})"

    return "; ".join(told())
