"""Attestations: what a decision says of an adapter's files, for anybody's verifier, signed by somebody's key."""

from qlora_gov.attestations.envelope import PASSPHRASE_VARIABLE, sign, verify_envelope
from qlora_gov.attestations.statement import mismatches, statement_of

__all__ = ["PASSPHRASE_VARIABLE", "mismatches", "sign", "statement_of", "verify_envelope"]
