"""The frozen records that stages hand on.

A record's ``id`` is the digest of its content; records name their parents by id, so lineage *is* the edges
between them. Times, hosts and durations belong to the ledger entry that holds a record, never to the record.
"""

from __future__ import annotations

from collections.abc import Mapping

from qlora_gov.records.adapter import Adapter, LossPoint, Training
from qlora_gov.records.base import Base
from qlora_gov.records.card import About, Card
from qlora_gov.records.component import Component
from qlora_gov.records.dataset import DatasetVersion, Overlap, SourceUse, StepReport
from qlora_gov.records.decision import (
    EDITION,
    NO_DIFFERENCE_IS_ZERO,
    ContrastKind,
    Decision,
    DecisionOutcome,
    EqualAnswers,
    Outcome,
    RuleVerdict,
    SliceFinding,
    Verdict,
    look_number,
)
from qlora_gov.records.evaluation import (
    Claim,
    CorrectedRate,
    Declared,
    DetectorErrors,
    Evaluation,
    GenerationSettings,
    Measurement,
    Responses,
    Scan,
)
from qlora_gov.records.inputs import Inputs
from qlora_gov.records.parts import Absent, DetectorFigure, Environment, Head, Interval
from qlora_gov.records.policy import LooksBy, Policy, Rule
from qlora_gov.records.publication import Publication
from qlora_gov.records.record import Frozen, Record
from qlora_gov.records.release import Alias, AliasMove, MoveReason
from qlora_gov.records.sweep import Sweep
from qlora_gov.records.waiver import Waiver

RECORDS: Mapping[str, type[Record]] = {
    record.kind: record
    for record in (
        About,
        Policy,
        Base,
        DatasetVersion,
        Adapter,
        Responses,
        Evaluation,
        Sweep,
        Decision,
        Waiver,
        AliasMove,
        Card,
        Publication,
    )
}
"""Every kind of record that a ledger can hold."""

__all__ = [
    "EDITION",
    "NO_DIFFERENCE_IS_ZERO",
    "RECORDS",
    "About",
    "Absent",
    "Adapter",
    "Alias",
    "AliasMove",
    "Base",
    "Card",
    "Claim",
    "Component",
    "ContrastKind",
    "CorrectedRate",
    "DatasetVersion",
    "Decision",
    "DecisionOutcome",
    "Declared",
    "DetectorErrors",
    "DetectorFigure",
    "Environment",
    "EqualAnswers",
    "Evaluation",
    "Frozen",
    "GenerationSettings",
    "Head",
    "Inputs",
    "Interval",
    "LooksBy",
    "LossPoint",
    "Measurement",
    "MoveReason",
    "Outcome",
    "Overlap",
    "Policy",
    "Publication",
    "Record",
    "Responses",
    "Rule",
    "RuleVerdict",
    "Scan",
    "SliceFinding",
    "SourceUse",
    "StepReport",
    "Sweep",
    "Training",
    "Verdict",
    "Waiver",
    "look_number",
]
