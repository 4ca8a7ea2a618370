"""Loading a subject again, to replay some of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import cast

from qlora_gov.errors import UsageError
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch
from qlora_gov.models.clock import CLOCK, Clock
from qlora_gov.models.extras import require_training_libraries
from qlora_gov.models.loading import Quantization, device
from qlora_gov.models.subject import Subject
from qlora_gov.pipeline.bases import recorded_base
from qlora_gov.pipeline.subjects import load_subject
from qlora_gov.project.environment import environment_of
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Adapter, Responses
from qlora_gov.records.answer import Answer
from qlora_gov.records.table import likelihoods_of
from qlora_gov.stages.replay import Replay, compare, environment_changes, spread
from qlora_gov.stages.respond import ask, batches


def replay_responses(space: Workspace, responses: Responses, count: int) -> Replay:
    """Let a subject answer ``count`` of its rows again or a few more, and compare.

    They are answered in the batches of then, since which rows share one can change the last bits of a number.

    Raises:
        UsageError: the responses were imported: another tool's model is not at hand.
        ModelError: the base is not at hand, or is another one now.
        IntegrityError: the adapter's files are not those on record.
    """
    if responses.claim is not None:
        raise UsageError("these answers were imported from another tool's log; what gave them is not here to replay")
    require_training_libraries()
    assert responses.generation is not None, "it answered here"
    subject = _subject(space, responses)
    examples = evaluation_rows(space.ledger, responses.dataset)
    planned = batches(examples, responses.generation.batch_size)
    picked = spread(planned, count)
    rows = [row for batch in picked for row in batch]
    then = _answered(space.ledger, responses, rows)
    space.progress.begin("answering again", len(rows))
    now = []
    for batch in picked:
        asked = [examples[row] for row in batch]
        now += ask(subject, asked, responses.generation, likelihoods=responses.likelihoods is not None)
        space.progress.advance(len(batch))
    changed = environment_changes(responses.environment, environment_of(space.root, device()))
    return compare(rows, then, now, of=len(examples), batches=(len(picked), len(planned)), changed=changed)


def _subject(space: Workspace, responses: Responses) -> Subject:
    adapter = fetch(space.ledger, responses.adapter, Adapter) if responses.adapter else None
    assert responses.base is not None, "it answered here"
    assert responses.generation is not None, "it answered here"
    held = cast(Quantization, responses.quantization)
    base = recorded_base(space, responses.base).path
    told = responses.inputs.today if responses.inputs else None
    clock = Clock.at(date.fromisoformat(told)) if told else CLOCK
    return load_subject(space, base, adapter, held, responses.generation.decoding, clock)


def _answered(ledger: Ledger, responses: Responses, rows: Sequence[int]) -> list[Answer]:
    entry = ledger.get(responses.id)
    table = ledger.table(entry, "responses")
    answers = [Answer(str(table["response"][row]), str(table["finish"][row])) for row in rows]
    if responses.likelihoods is None:
        return answers
    rated = likelihoods_of(ledger.table(entry, "likelihoods"))
    return [replace(answer, likelihood=rated[row]) for answer, row in zip(answers, rows, strict=True)]
