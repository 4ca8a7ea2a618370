"""Adapters by the digest of their files."""

from __future__ import annotations

from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.records import Adapter


def adapter_of(ledger: Ledger, digest: str) -> Adapter | None:
    """The newest adapter whose files have a digest."""
    adapters = (held(entry, Adapter) for entry in reversed(ledger.entries(Adapter.kind)))
    return next((adapter for adapter in adapters if adapter.digest == digest), None)
