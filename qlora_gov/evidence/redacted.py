"""Rows as people may see them: what detectors found is taken out, what was never scanned stays hidden."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import responses_of
from qlora_gov.guardrails.redact import redact_words
from qlora_gov.ledger import Ledger
from qlora_gov.plugin.specs import Finding
from qlora_gov.records import Evaluation
from qlora_gov.stages.evaluate import prompt_text

HIDDEN = "(hidden: no detector has scanned this text)"


@dataclass(frozen=True)
class ShownRow:
    """One row of an evaluation with its texts made fit to show."""

    row: int
    example: str
    source: str
    prompt: str
    reference: str
    response: str


def shown_rows(ledger: Ledger, evaluation: Evaluation, rows: Sequence[int] | None = None) -> list[ShownRow]:
    """Some rows of an evaluation in the order asked for, or all in the order of its dataset version.

    Each text is redacted by the spans that this evaluation's own detectors saw in it.
    """
    responses = responses_of(ledger, evaluation)
    examples = evaluation_rows(ledger, responses.dataset, rows)
    answers = ledger.table(ledger.get(responses.id), "responses")["response"]
    spans = _spans(ledger, evaluation)
    scanned = {field for scan in evaluation.scans for field in scan.fields}

    def fit(row: int, field: str, text: str) -> str:
        return redact_words(text, spans[row, field]) if field in scanned else HIDDEN

    return [
        ShownRow(
            row,
            example.id,
            example.source,
            fit(row, "prompt", prompt_text(example)),
            fit(row, "reference", example.reference),
            fit(row, "response", str(answers[row])),
        )
        for row, example in zip(range(len(examples)) if rows is None else rows, examples, strict=True)
    ]


def _spans(ledger: Ledger, evaluation: Evaluation) -> dict[tuple[int, str], list[Finding]]:
    table = ledger.table(ledger.get(evaluation.id), "findings")
    rows, starts, ends = (np.asarray(table[name], dtype=np.int64).tolist() for name in ("row", "start", "end"))
    scores = np.asarray(table["score"], dtype=np.float64).tolist()
    spans: dict[tuple[int, str], list[Finding]] = defaultdict(list)
    for row, field, *found in zip(rows, table["field"], table["kind"], scores, starts, ends, strict=True):
        spans[row, str(field)].append(Finding(*found))
    return spans
