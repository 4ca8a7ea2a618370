"""What imported logs may say of whom."""

from __future__ import annotations

from qlora_gov.errors import DataError
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.plugin.specs import ImportedEvaluation
from qlora_gov.records import Adapter, Responses
from qlora_gov.stages.imports import log_id


def refuse_other_subject(ledger: Ledger, imported: ImportedEvaluation, adapter: Adapter | None) -> None:
    """Raise DataError where a log was imported before, as that of another than ``adapter``."""
    log = log_id(imported)
    for entry in ledger.entries(Responses.kind):
        claim, subject = held(entry, Responses).claim, held(entry, Responses).adapter
        if claim is not None and claim.log == log and subject != (adapter.id if adapter else None):
            raise DataError(f"{imported.files[0]}: this log was imported before, as that of {subject or 'the base'}")
