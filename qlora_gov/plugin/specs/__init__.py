"""What a plugin contributes: frozen specs, and the protocols of the components that they make.

A hook returns specs when the plugin is loaded; nothing is constructed and no heavy library is imported until a
component is first used. A component is made by its spec's ``factory``, which is called with the validated
settings (an instance of the spec's ``config`` model) or, where there is none, with nothing.
"""

from qlora_gov.plugin.specs.base import Bools, Floats, Margin, Need, Progress, Spec
from qlora_gov.plugin.specs.data import (
    Change,
    DecontaminatingFilter,
    Drop,
    Filter,
    FilterSpec,
    SetFilter,
    Source,
    SourceSpec,
    Span,
)
from qlora_gov.plugin.specs.gates import Comparison, Gate, GateSpec, MetricScale, MetricTraits
from qlora_gov.plugin.specs.guardrails import ANY, Coverage, Finding, Guardrail, GuardrailSpec
from qlora_gov.plugin.specs.importers import ImportedEvaluation, ImportedRow, Importer, ImporterSpec
from qlora_gov.plugin.specs.kinds import SPECS
from qlora_gov.plugin.specs.metrics import (
    EvaluatedRow,
    MeanMetric,
    Metric,
    MetricSpec,
    SelectiveMetric,
    Unread,
    ratio,
)
from qlora_gov.plugin.specs.synthesis import Prompt, Synthesiser, SynthesiserSpec
from qlora_gov.plugin.specs.training import ReadingTrainer, Trainer, TrainerSpec, TrainingJob, TrainingOutcome

__all__ = [
    "ANY",
    "SPECS",
    "Bools",
    "Change",
    "Comparison",
    "Coverage",
    "DecontaminatingFilter",
    "Drop",
    "EvaluatedRow",
    "Filter",
    "FilterSpec",
    "Finding",
    "Floats",
    "Gate",
    "GateSpec",
    "Guardrail",
    "GuardrailSpec",
    "ImportedEvaluation",
    "ImportedRow",
    "Importer",
    "ImporterSpec",
    "Margin",
    "MeanMetric",
    "Metric",
    "MetricScale",
    "MetricSpec",
    "MetricTraits",
    "Need",
    "Progress",
    "Prompt",
    "ReadingTrainer",
    "SelectiveMetric",
    "SetFilter",
    "Source",
    "SourceSpec",
    "Span",
    "Spec",
    "Synthesiser",
    "SynthesiserSpec",
    "Trainer",
    "TrainerSpec",
    "TrainingJob",
    "TrainingOutcome",
    "Unread",
    "ratio",
]
