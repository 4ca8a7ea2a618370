"""The public API: what a plugin may use. Everything is loaded when it is first asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Absent": "records",
    "Change": "plugin.specs",
    "Comparison": "plugin.specs",
    "Coverage": "plugin.specs",
    "DataError": "errors",
    "DataFile": "plugin.data_files",
    "DataFiles": "plugin.data_files",
    "DecontaminatingFilter": "plugin.specs",
    "DetectorFigure": "records",
    "Drop": "plugin.specs",
    "EvaluatedRow": "plugin.specs",
    "Example": "records.example",
    "Filter": "plugin.specs",
    "FilterSpec": "plugin.specs",
    "Finding": "plugin.specs",
    "Gate": "plugin.specs",
    "GateSpec": "plugin.specs",
    "GovError": "errors",
    "Guardrail": "plugin.specs",
    "GuardrailSpec": "plugin.specs",
    "ImportedEvaluation": "plugin.specs",
    "ImportedRow": "plugin.specs",
    "Importer": "plugin.specs",
    "ImporterSpec": "plugin.specs",
    "Interval": "records",
    "LogLikelihood": "records.answer",
    "LossPoint": "records",
    "MeanMetric": "plugin.specs",
    "Message": "records.example",
    "Metric": "plugin.specs",
    "MetricScale": "plugin.specs",
    "MetricSpec": "plugin.specs",
    "MetricTraits": "plugin.specs",
    "ModelError": "errors",
    "Outcome": "records",
    "Overlap": "records",
    "PluginError": "errors",
    "Progress": "plugin.specs",
    "ProjectDirectory": "plugin.settings",
    "ProjectError": "errors",
    "ProjectFile": "plugin.settings",
    "SelectiveMetric": "plugin.specs",
    "Settings": "plugin.settings",
    "SetFilter": "plugin.specs",
    "SliceFinding": "records",
    "Source": "plugin.specs",
    "SourceSpec": "plugin.specs",
    "Span": "plugin.specs",
    "Trainer": "plugin.specs",
    "TrainerSpec": "plugin.specs",
    "TrainingError": "errors",
    "TrainingJob": "plugin.specs",
    "TrainingOutcome": "plugin.specs",
    "Unread": "plugin.specs",
    "Verdict": "records",
    "apportioned": "stats",
    "clustered": "records.clusters",
    "hookimpl": "plugin.hookspecs",
    "linked": "records.clusters",
    "parse_json": "plugin.json_text",
    "ratio": "plugin.specs",
}

if TYPE_CHECKING:
    from qlora_gov.errors import DataError, GovError, ModelError, PluginError, ProjectError, TrainingError
    from qlora_gov.plugin.data_files import DataFile, DataFiles
    from qlora_gov.plugin.hookspecs import hookimpl
    from qlora_gov.plugin.json_text import parse_json
    from qlora_gov.plugin.settings import ProjectDirectory, ProjectFile, Settings
    from qlora_gov.plugin.specs import (
        Change,
        Comparison,
        Coverage,
        DecontaminatingFilter,
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
        MeanMetric,
        Metric,
        MetricScale,
        MetricSpec,
        MetricTraits,
        Progress,
        SelectiveMetric,
        SetFilter,
        Source,
        SourceSpec,
        Span,
        Trainer,
        TrainerSpec,
        TrainingJob,
        TrainingOutcome,
        Unread,
        ratio,
    )
    from qlora_gov.records import Absent, DetectorFigure, Interval, LossPoint, Outcome, Overlap, SliceFinding, Verdict
    from qlora_gov.records.answer import LogLikelihood
    from qlora_gov.records.clusters import clustered, linked
    from qlora_gov.records.example import Example, Message
    from qlora_gov.stats import apportioned

__all__ = [
    "Absent",
    "Change",
    "Comparison",
    "Coverage",
    "DataError",
    "DataFile",
    "DataFiles",
    "DecontaminatingFilter",
    "DetectorFigure",
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
    "MetricScale",
    "MetricSpec",
    "MetricTraits",
    "ModelError",
    "Outcome",
    "Overlap",
    "PluginError",
    "Progress",
    "ProjectDirectory",
    "ProjectError",
    "ProjectFile",
    "SelectiveMetric",
    "SetFilter",
    "Settings",
    "SliceFinding",
    "Source",
    "SourceSpec",
    "Span",
    "Trainer",
    "TrainerSpec",
    "TrainingError",
    "TrainingJob",
    "TrainingOutcome",
    "Unread",
    "Verdict",
    "apportioned",
    "clustered",
    "hookimpl",
    "linked",
    "parse_json",
    "ratio",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'qlora_gov' has no attribute {name!r}")
    return getattr(importlib.import_module(f"qlora_gov.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
