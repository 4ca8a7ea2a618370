"""Verification: everything that a project's ledger and its cards state, derived again, offline and without torch."""

from qlora_gov.verification.cards import KeptCard
from qlora_gov.verification.intervals import Rejudge
from qlora_gov.verification.plugins import plugin_hints
from qlora_gov.verification.workspace import verify_workspace

__all__ = ["KeptCard", "Rejudge", "plugin_hints", "verify_workspace"]
