"""From records to the context of a model card. Nothing is measured here, and nothing comes from anywhere else."""

from __future__ import annotations

from qlora_gov.records import Absent
from qlora_gov.reports.card.absence import trained_elsewhere
from qlora_gov.reports.card.context.card import AliasLine, CardContext, RollbackPart
from qlora_gov.reports.card.data import contamination_part, data_part, licence_lines, target_part
from qlora_gov.reports.card.findings import NO_REFERENCE, claim_lines, detector_lines, measurement_lines, subject_part
from qlora_gov.reports.card.lineage import base_part, environment_part, training_part
from qlora_gov.reports.card.provenance import provenance_part
from qlora_gov.reports.card.records import CardRecords
from qlora_gov.reports.card.verdicts import decision_part, policy_part, sliced_rules

ROLLBACK = "qlora-gov rollback PROJECT"


def card_context(records: CardRecords) -> CardContext:
    """Everything that a model card says, from its records. The same records give an equal context."""
    decision, policy, reference = records.decision, records.policy, records.reference
    training, rows, base = records.adapter.training, records.training, records.base
    elsewhere = Absent(absent=trained_elsewhere(records))
    return CardContext(
        edition=decision.edition,
        about=records.about,
        decision=decision_part(decision, policy),
        policy=policy_part(policy, decision),
        adapter=records.adapter.id,
        candidate=subject_part(records.candidate.responses),
        champion=subject_part(records.champion.responses),
        reference=NO_REFERENCE if reference is None else subject_part(reference.responses),
        claims=claim_lines(records),
        measurements=measurement_lines(records),
        slices=sliced_rules(decision),
        detectors=detector_lines(records),
        training=elsewhere if training is None else training_part(training),
        training_data=elsewhere if rows is None else data_part(rows, records.since),
        evaluation_data=data_part(records.evaluation),
        provenance_target=target_part(records),
        contamination=contamination_part(records),
        licences=licence_lines(records),
        base=elsewhere if base is None else base_part(base),
        environment=environment_part(records),
        rollback=_rollback(records),
        provenance=provenance_part(records),
    )


def _rollback(records: CardRecords) -> RollbackPart:
    """Go back to the champion of that time, or from the champion to the fallback, or else to the one compared with."""
    aliases, compared = records.aliases, records.champion.responses.adapter
    earlier = [aliases[alias] for alias in ("champion", "fallback") if alias in aliases]
    return RollbackPart(
        aliases=tuple(AliasLine(alias=alias, adapter=aliases[alias]) for alias in sorted(aliases)),
        target=next((adapter for adapter in (*earlier, compared) if adapter != records.adapter.id), None),
        command=ROLLBACK,
    )
