"""What imported logs may say of whom."""

from __future__ import annotations

from qlora_gov.canonical import columns_id
from qlora_gov.errors import DataError
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.plugin.specs import ImportedEvaluation
from qlora_gov.records import Adapter, Responses
from qlora_gov.stages.imports import log_id, logged_tables


def refuse_other_subject(ledger: Ledger, imported: ImportedEvaluation, adapter: Adapter | None) -> None:
    """Raise DataError where a log was imported before, as that of another than ``adapter``.

    Under another name it is known by its model, its time, its answers and its scores.
    """
    log, tables = log_id(imported), logged_tables(imported)
    content = (imported.model, imported.began, columns_id(tables["responses"]), columns_id(tables["recorded"]))
    for entry in ledger.entries(Responses.kind):
        answered = held(entry, Responses)
        claim, subject = answered.claim, answered.adapter
        if claim is None or subject == (adapter.id if adapter else None):
            continue
        if log == claim.log or content == (claim.model, claim.began, answered.digest, answered.recorded):
            raise DataError(f"{imported.files[0]}: this log was imported before, as that of {subject or 'the base'}")
