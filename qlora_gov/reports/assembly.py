"""From records to the context of a model card. Nothing is measured here, and nothing comes from anywhere else."""

from __future__ import annotations

from qlora_gov.reports.context import AliasLine, CardContext, RollbackPart
from qlora_gov.reports.evidence import Evidence
from qlora_gov.reports.findings import decision_part, detector_lines, measurement_lines, subject_part
from qlora_gov.reports.lineage import base_part, data_part, environment_part, kept_clear, provenance_part, training_part


def card_context(evidence: Evidence) -> CardContext:
    """Everything that a model card says, from its records. The same records give an equal context."""
    candidate, champion = evidence.candidate.evaluation, evidence.champion.evaluation
    detectors = detector_lines(candidate, champion)
    rates = [line.rate for line in detectors]
    return CardContext(
        about=evidence.about,
        decision=decision_part(evidence.decision),
        policy=evidence.policy.id,
        adapter=evidence.adapter.id,
        candidate=subject_part(evidence.candidate.responses),
        champion=subject_part(evidence.champion.responses),
        measurements=tuple(line for line in measurement_lines(candidate, champion) if line not in rates),
        detectors=detectors,
        training=training_part(evidence.adapter),
        training_data=data_part(evidence.training),
        evaluation_data=data_part(evidence.evaluation),
        kept_clear=kept_clear(evidence.training, evidence.evaluation),
        base=base_part(evidence.base),
        environment=environment_part(evidence),
        rollback=_rollback(evidence),
        provenance=provenance_part(evidence),
    )


def _rollback(evidence: Evidence) -> RollbackPart:
    """Go back to the fallback, else to the champion, else to what this adapter was compared with."""
    aliases = evidence.aliases
    earlier = (aliases.get("fallback"), aliases.get("champion"), evidence.champion.responses.adapter)
    return RollbackPart(
        aliases=tuple(AliasLine(alias=alias, adapter=aliases[alias]) for alias in sorted(aliases)),
        target=next((adapter for adapter in earlier if adapter not in (None, evidence.adapter.id)), None),
    )
