"""Loading a subject again, to replay some of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from qlora_gov.errors import ModelError, UsageError
from qlora_gov.evidence.evaluations import examples_behind
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch
from qlora_gov.models.bases import ResolvedBase, resolve_base
from qlora_gov.models.extras import require_training_libraries
from qlora_gov.models.loading import Quantization, device
from qlora_gov.models.subject import Subject
from qlora_gov.pipeline.training import weights
from qlora_gov.plugin.specs import LogLikelihood
from qlora_gov.project.environment import environment
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Adapter, Base, GenerationSettings, Responses
from qlora_gov.records.example import Example
from qlora_gov.stages.replay import Replay, Told, compare, environment_changes, spread


def replay(space: Workspace, responses: Responses, count: int) -> Replay:
    """Let a subject answer ``count`` of its rows again, and compare.

    Batches are of other rows than they were then, which can change the last bits of a number.

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
    examples = examples_behind(space.ledger, responses)
    rows = spread(len(examples), count)
    then = _told(space.ledger, responses, rows)
    space.progress.begin("answering again", len(rows))
    now = []
    for start in range(0, len(rows), responses.generation.batch_size):
        batch = [examples[row] for row in rows[start : start + responses.generation.batch_size]]
        now += _ask(subject, batch, responses.generation, likelihoods=responses.likelihoods is not None)
        space.progress.advance(len(batch))
    changed = environment_changes(responses.environment, environment(space.root, device()))
    return compare(rows, then, now, of=len(examples), changed=changed)


def _subject(space: Workspace, responses: Responses) -> Subject:
    path = weights(space, fetch(space.ledger, responses.adapter, Adapter)) if responses.adapter else None
    assert responses.base is not None, "it answered here"
    held = cast(Quantization, responses.quantization)
    return Subject.load(_base(space, responses.base).path, path, quantization=held)


def _base(space: Workspace, record_id: str) -> ResolvedBase:
    """The base on record: the project's, or else by the name that it had."""
    record, settings = fetch(space.ledger, record_id, Base), space.project.base
    for name, licence in ((settings.model, settings.licence), (record.reference, record.licence)):
        found = resolve_base(name, root=space.root, licence=licence)
        if found.record.content_digest == record.content_digest:
            return found
    raise ModelError(f"{record.reference} is no longer the base that gave these answers")


def _told(ledger: Ledger, responses: Responses, rows: Sequence[int]) -> list[Told]:
    entry = ledger.get(responses.id)
    texts = ledger.table(entry, "responses")["response"]
    if responses.likelihoods is None:
        return [Told(str(texts[row]), None) for row in rows]
    table = ledger.table(entry, "likelihoods")
    nll, tokens, size = (np.asarray(table[name]).tolist() for name in ("nll", "tokens", "bytes"))
    return [Told(str(texts[row]), LogLikelihood(nll[row], tokens[row], size[row])) for row in rows]


def _ask(
    subject: Subject, examples: Sequence[Example], generation: GenerationSettings, *, likelihoods: bool
) -> list[Told]:
    answers = subject.answer([example.prompt for example in examples], generation.max_new_tokens)
    if not likelihoods:
        return [Told(answer.text, None) for answer in answers]
    rated = subject.loglikelihood([example.messages for example in examples])
    return [Told(answer.text, likelihood) for answer, likelihood in zip(answers, rated, strict=True)]
