"""What the ledger knows of a sweep, for its report."""

from __future__ import annotations

from qlora_gov.evidence.evaluations import dataset_of
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.records import Adapter, DatasetVersion, Sweep
from qlora_gov.reports.sweep.assembly import Trained, sweep_report
from qlora_gov.reports.sweep.context import SweepReport


def report_of_sweep(ledger: Ledger, sweep: Sweep, title: str) -> SweepReport:
    """The report of a sweep; how long each training took is a fact of its ledger entry."""
    rows = fetch(ledger, dataset_of(ledger, sweep.evaluations[0]), DatasetVersion).rows
    return sweep_report(title, sweep, [_trained(ledger, id_) for id_ in sweep.adapters], rows)


def _trained(ledger: Ledger, adapter: str) -> Trained:
    entry = ledger.get(adapter)
    seconds = entry.facts.get("seconds")
    return Trained(held(entry, Adapter), float(seconds) if isinstance(seconds, int | float) else None)
