"""Loading whom an evaluation is of."""

from __future__ import annotations

from pathlib import Path

from qlora_gov.models.clock import Clock
from qlora_gov.models.loading import Quantization
from qlora_gov.models.subject import Subject
from qlora_gov.pipeline.training import weights
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Adapter
from qlora_gov.records.evaluation import Decoding
from qlora_gov.stages.weights import refuse_no_adapter


def load_subject(
    space: Workspace,
    base: Path,
    adapter: Adapter | None,
    quantization: Quantization,
    decoding: Decoding,
    clock: Clock,
) -> Subject:
    """A base alone, or with an adapter of exactly the recorded bytes; its template is told the time of a clock.

    Raises:
        ModelError: either cannot be used.
        IntegrityError: the adapter's files are not those on record.
    """
    if adapter is None:
        return Subject.load(base, quantization=quantization, decoding=decoding, clock=clock)
    with weights(space, adapter) as path:
        refuse_no_adapter(path)  # an earlier version may have taken what answers as its base
        return Subject.load(base, path, quantization=quantization, decoding=decoding, clock=clock)
