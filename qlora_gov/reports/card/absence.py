"""Why something is missing, in the words that every report uses."""

from __future__ import annotations

from typing import TypeVar

from qlora_gov.records import Absent, Claim, Responses
from qlora_gov.reports.card.records import CardRecords

T = TypeVar("T")


def or_absent(value: T | None, reason: str) -> T | Absent:
    """The value, or Absent with the reason where there is none."""
    return Absent(absent=reason) if value is None else value


def trained_elsewhere(records: CardRecords) -> str:
    """Why nothing is known of how an adapter came about."""
    claim = records.candidate.responses.claim
    return "trained elsewhere; only its files are known" + ("" if claim is None else f": {_claimed(claim)}")


def answered_elsewhere(responses: Responses) -> str:
    """Why nothing is known of how a subject answered."""
    return "not recorded" if responses.claim is None else f"answered elsewhere: {_claimed(responses.claim)}"


def _claimed(claim: Claim) -> str:
    return f"claimed by whoever imported the log of {claim.tool} {claim.version}"
