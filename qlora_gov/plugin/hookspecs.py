"""The hooks. Each fires once, when plugins are loaded, takes nothing and returns a list of frozen specs.

During a run the core calls each component itself, in the order of the project file; no hook runs then.
"""

from __future__ import annotations

import pluggy

from qlora_gov.plugin.specs import (
    FilterSpec,
    GateSpec,
    GuardrailSpec,
    ImporterSpec,
    MetricSpec,
    SourceSpec,
    SynthesiserSpec,
    TrainerSpec,
)

PROJECT = "qlora_gov"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def qlora_gov_sources() -> list[SourceSpec]:  # type: ignore[empty-body]
    """Contribute sources of examples."""


@hookspec
def qlora_gov_filters() -> list[FilterSpec]:  # type: ignore[empty-body]
    """Contribute filters and transformations of examples."""


@hookspec
def qlora_gov_synthesisers() -> list[SynthesiserSpec]:  # type: ignore[empty-body]
    """Contribute ways to make rows from rows through a model."""


@hookspec
def qlora_gov_trainers() -> list[TrainerSpec]:  # type: ignore[empty-body]
    """Contribute trainers."""


@hookspec
def qlora_gov_metrics() -> list[MetricSpec]:  # type: ignore[empty-body]
    """Contribute metrics."""


@hookspec
def qlora_gov_guardrails() -> list[GuardrailSpec]:  # type: ignore[empty-body]
    """Contribute guardrails."""


@hookspec
def qlora_gov_gates() -> list[GateSpec]:  # type: ignore[empty-body]
    """Contribute kinds of release rules."""


@hookspec
def qlora_gov_importers() -> list[ImporterSpec]:  # type: ignore[empty-body]
    """Contribute readers of other tools' evaluation logs."""
