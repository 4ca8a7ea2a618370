"""Adapters by the digest of their files."""

from __future__ import annotations

from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.records import Adapter
from qlora_gov.records.adapter import WEIGHTS


def adapter_of(ledger: Ledger, digest: str) -> Adapter | None:
    """The newest adapter whose files have a digest."""
    adapters = (held(entry, Adapter) for entry in reversed(ledger.entries(Adapter.kind)))
    return next((adapter for adapter in adapters if adapter.digest == digest), None)


def same_weights(ledger: Ledger, adapter: str) -> frozenset[str]:
    """The ids of all adapters with the weights of one, itself included: a blank in a configuration makes no other."""
    weights = fetch(ledger, adapter, Adapter).files.get(WEIGHTS)
    found = {
        one.id for entry in ledger.entries(Adapter.kind) if (one := held(entry, Adapter)).files.get(WEIGHTS) == weights
    }
    return frozenset(found | {adapter})
