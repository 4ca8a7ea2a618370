"""What bases are given of an evaluation set: read before the first step, and once."""

from __future__ import annotations

from dataclasses import dataclass, field

from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.models.bases import ResolvedBase
from qlora_gov.models.clock import Clock
from qlora_gov.models.inputs import Reading, read_evaluation
from qlora_gov.models.loading import load_tokenizer
from qlora_gov.models.positions import positions_of
from qlora_gov.project.binding import BoundProject
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import DatasetVersion


@dataclass(frozen=True)
class Readings:
    """The readings of one project's evaluation set, by base."""

    space: Workspace
    bound: BoundProject
    _known: dict[tuple[str, str], Reading] = field(default_factory=dict)

    def of(self, base: ResolvedBase, dataset: DatasetVersion) -> Reading:
        """Read the rows as the base will. Raises DataError for rows that its template does not take."""
        key = (base.record.id, dataset.id)
        if key not in self._known:
            self._known[key] = self._read(base, dataset)
        return self._known[key]

    def _read(self, base: ResolvedBase, dataset: DatasetVersion) -> Reading:
        project, tokenizer = self.space.project, load_tokenizer(base.path)
        return read_evaluation(
            tokenizer,
            evaluation_rows(self.space.ledger, dataset.id),
            positions_of(base.path, tokenizer),
            clock=Clock.at(project.base.today),
            likelihoods=self.bound.measures.likelihoods,
            max_new_tokens=project.generation.max_new_tokens,
            strict=project.strict,
            progress=self.space.progress,
        )
