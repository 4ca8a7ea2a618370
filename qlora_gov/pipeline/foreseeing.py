"""What the evaluation rows can show of the policy, before anything is trained or answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.looks import looks_at_rows
from qlora_gov.ledger.reading import held
from qlora_gov.pipeline.datasets import curating
from qlora_gov.plugin.looks import Look
from qlora_gov.project.binding import BoundDataset, BoundProject
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import DatasetVersion
from qlora_gov.records.example import Example
from qlora_gov.records.table import examples_of
from qlora_gov.stages.foresee import Foreseen, foresee_rules


def foreseen(
    space: Workspace, bound: BoundProject, version: DatasetVersion, examples: Sequence[Example], further: int = 0
) -> list[Foreseen]:
    """What the rows of an evaluation set can show of each rule whose gate is foreseeable.

    ``further`` are looks at all of the rows that will come before the decision, besides those on record.
    """
    release = bound.release
    gates = {name: gate.make() for name, gate in release.gates.items() if gate.spec.foreseeable}
    earlier = looks_at_rows(space.ledger, version, examples, release.policy)
    more = [Look(np.ones(len(examples), dtype=np.bool_))] * further
    earlier = replace(earlier, looks=[*earlier.looks, *more])
    return foresee_rules(release.policy, gates, bound.measures.scales, examples, earlier)


def held_out_rows(space: Workspace, data: BoundDataset) -> tuple[DatasetVersion, list[Example]]:
    """The project's evaluation set as it is on record, or as it would be; nothing is recorded."""
    step = curating(space, "evaluation", data, None)
    if (found := step.find(space.ledger)) is not None:
        return held(found, DatasetVersion), evaluation_rows(space.ledger, found.id)
    with TemporaryDirectory(prefix="qlora-gov-") as work:
        version, tables = step.make(Path(work))
    return version, examples_of(tables["examples"])
