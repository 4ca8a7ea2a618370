"""Rows as people may see them: what detectors found is taken out, what was never scanned stays hidden."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from qlora_gov.ledger import Ledger
from qlora_gov.lookup import responses_of
from qlora_gov.records import Evaluation
from qlora_gov.specs import Finding
from qlora_gov.stages.evaluate import prompt_text
from qlora_gov.stages.redaction import redact
from qlora_gov.tables import examples_of

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


def shown_rows(ledger: Ledger, evaluation: Evaluation) -> list[ShownRow]:
    """All rows of an evaluation, in the order of its dataset version."""
    responses = responses_of(ledger, evaluation)
    examples = examples_of(ledger.table(ledger.get(responses.dataset), "examples"))
    answers = ledger.table(ledger.get(responses.id), "responses")["response"]
    spans = _spans(ledger, evaluation)
    scanned = {field for scan in evaluation.scans for field in scan.fields}

    def fit(row: int, field: str, text: str) -> str:
        return redact(text, spans[row, field]) if field in scanned else HIDDEN

    return [
        ShownRow(
            row,
            example.id,
            example.source,
            fit(row, "prompt", prompt_text(example)),
            fit(row, "reference", example.reference),
            fit(row, "response", str(answers[row])),
        )
        for row, example in enumerate(examples)
    ]


def _spans(ledger: Ledger, evaluation: Evaluation) -> dict[tuple[int, str], list[Finding]]:
    table = ledger.table(ledger.get(evaluation.id), "findings")
    columns = (table[name] for name in ("row", "field", "kind", "score", "start", "end"))
    spans: dict[tuple[int, str], list[Finding]] = defaultdict(list)
    for row, field, kind, score, start, end in zip(*columns, strict=True):
        spans[int(row), str(field)].append(Finding(str(kind), float(score), int(start), int(end)))
    return spans
