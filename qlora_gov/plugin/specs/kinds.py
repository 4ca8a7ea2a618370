"""Every kind of spec."""

from __future__ import annotations

from collections.abc import Mapping

from qlora_gov.plugin.specs.base import Spec
from qlora_gov.plugin.specs.data import FilterSpec, SourceSpec
from qlora_gov.plugin.specs.gates import GateSpec
from qlora_gov.plugin.specs.guardrails import GuardrailSpec
from qlora_gov.plugin.specs.importers import ImporterSpec
from qlora_gov.plugin.specs.metrics import MetricSpec
from qlora_gov.plugin.specs.synthesis import SynthesiserSpec
from qlora_gov.plugin.specs.training import TrainerSpec

SPECS: Mapping[str, type[Spec]] = {
    spec.kind: spec
    for spec in (
        SourceSpec,
        FilterSpec,
        SynthesiserSpec,
        TrainerSpec,
        MetricSpec,
        GuardrailSpec,
        GateSpec,
        ImporterSpec,
    )
}
