"""Reading waivers."""

from __future__ import annotations

from datetime import UTC, date, datetime

from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.records import Decision, Waiver


def waivers_of(ledger: Ledger, decision: Decision) -> dict[str, Waiver]:
    """The waivers of a decision that hold today, by their rule."""
    waivers = (held(entry, Waiver) for entry in ledger.entries(Waiver.kind))
    return {one.rule: one for one in waivers if one.decision == decision.id and one.expires >= today()}


def today() -> date:
    """The day, UTC, by which waivers expire."""
    return datetime.now(UTC).date()
