"""The public API: what a plugin may use. Everything is loaded when it is first asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Absent": "records",
    "Comparison": "specs",
    "DataError": "errors",
    "Drop": "specs",
    "EvaluatedRow": "specs",
    "Example": "examples",
    "Filter": "specs",
    "FilterSpec": "specs",
    "Finding": "specs",
    "Gate": "specs",
    "GateSpec": "specs",
    "GovError": "errors",
    "Guardrail": "specs",
    "GuardrailSpec": "specs",
    "ImportedEvaluation": "specs",
    "ImportedRow": "specs",
    "Importer": "specs",
    "ImporterSpec": "specs",
    "Interval": "records",
    "LogLikelihood": "specs",
    "LossPoint": "records",
    "MeanMetric": "specs",
    "Message": "examples",
    "Metric": "specs",
    "MetricSpec": "specs",
    "MetricTraits": "specs",
    "ModelError": "errors",
    "Outcome": "records",
    "PluginError": "errors",
    "Progress": "specs",
    "ProjectDirectory": "settings",
    "ProjectError": "errors",
    "ProjectFile": "settings",
    "Settings": "settings",
    "SliceFinding": "records",
    "Source": "specs",
    "SourceSpec": "specs",
    "Trainer": "specs",
    "TrainerSpec": "specs",
    "TrainingError": "errors",
    "TrainingJob": "specs",
    "TrainingOutcome": "specs",
    "Verdict": "records",
    "hookimpl": "hooks.hookspecs",
    "ratio": "specs",
}

if TYPE_CHECKING:
    from qlora_gov.errors import DataError, GovError, ModelError, PluginError, ProjectError, TrainingError
    from qlora_gov.examples import Example, Message
    from qlora_gov.hooks.hookspecs import hookimpl
    from qlora_gov.records import Absent, Interval, LossPoint, Outcome, SliceFinding, Verdict
    from qlora_gov.settings import ProjectDirectory, ProjectFile, Settings
    from qlora_gov.specs import (
        Comparison,
        Drop,
        EvaluatedRow,
        Filter,
        FilterSpec,
        Finding,
        Gate,
        GateSpec,
        Guardrail,
        GuardrailSpec,
        ImportedEvaluation,
        ImportedRow,
        Importer,
        ImporterSpec,
        LogLikelihood,
        MeanMetric,
        Metric,
        MetricSpec,
        MetricTraits,
        Progress,
        Source,
        SourceSpec,
        Trainer,
        TrainerSpec,
        TrainingJob,
        TrainingOutcome,
        ratio,
    )

__all__ = [
    "Absent",
    "Comparison",
    "DataError",
    "Drop",
    "EvaluatedRow",
    "Example",
    "Filter",
    "FilterSpec",
    "Finding",
    "Gate",
    "GateSpec",
    "GovError",
    "Guardrail",
    "GuardrailSpec",
    "ImportedEvaluation",
    "ImportedRow",
    "Importer",
    "ImporterSpec",
    "Interval",
    "LogLikelihood",
    "LossPoint",
    "MeanMetric",
    "Message",
    "Metric",
    "MetricSpec",
    "MetricTraits",
    "ModelError",
    "Outcome",
    "PluginError",
    "Progress",
    "ProjectDirectory",
    "ProjectError",
    "ProjectFile",
    "Settings",
    "SliceFinding",
    "Source",
    "SourceSpec",
    "Trainer",
    "TrainerSpec",
    "TrainingError",
    "TrainingJob",
    "TrainingOutcome",
    "Verdict",
    "hookimpl",
    "ratio",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'qlora_gov' has no attribute {name!r}")
    return getattr(importlib.import_module(f"qlora_gov.{_HOME[name]}"), name)
