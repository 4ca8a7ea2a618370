"""Any metric module of Hugging Face's evaluate library, scored row by row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import Field, JsonValue, model_validator

from qlora_gov import EvaluatedRow, MeanMetric, PluginError, ProjectFile, Settings


class HfEvaluateSettings(Settings):
    """Where the module is, and which of its results is the score.

    A ``script`` is recorded by its digest. A ``hub`` module is code that its owner may change, so a ``revision``
    must pin it. ``arguments`` go to the module's ``compute``.
    """

    script: ProjectFile | None = Field(default=None, description="a module's .py file beside the project file")
    hub: str | None = Field(default=None, description="a module's name on the hub, such as evaluate-metric/wer")
    revision: str | None = Field(default=None, description="tag or commit of the hub module")
    config_name: str | None = Field(default=None, description="the module's configuration, where it has several")
    result: str = Field(description="the key of the score in what the module returns")
    arguments: Mapping[str, JsonValue] = Field(default_factory=dict, description="keyword arguments of compute")

    @model_validator(mode="after")
    def _one_place(self) -> HfEvaluateSettings:
        if (self.script is None) == (self.hub is None):
            raise ValueError("set either script or hub")
        if (self.hub is None) != (self.revision is None):
            raise ValueError("revision goes with hub: a hub module must be pinned, a script is recorded by its digest")
        return self

    @property
    def path(self) -> str:
        """What ``evaluate.load`` takes."""
        return str(self.script or self.hub)


class HfEvaluate(MeanMetric):
    """The mean of a module's result over rows, each computed from one response and its reference.

    For a module that works on the whole corpus (such as its BLEU or F1) this mean is not the module's own
    corpus value. Which direction is better is fixed by the spec: ``hf_evaluate`` or ``hf_evaluate_loss``. Modules
    have scales of their own, so a margin is in the points of that scale, the same whatever the champion has. Which
    text a module reads is not known here, so that every row is measured: look at what its tokenizer keeps.
    """

    def __init__(self, settings: HfEvaluateSettings) -> None:
        self._settings = settings

    @cached_property
    def _module(self) -> Any:
        import evaluate

        settings = self._settings
        try:
            # Without a seed, evaluate draws one from numpy's global state.
            return evaluate.load(
                settings.path, settings.config_name, revision=settings.revision, keep_in_memory=True, seed=0
            )
        except Exception as error:
            raise PluginError(f"evaluate module {settings.path}: cannot be loaded: {_line(error)}") from error

    def score_row(self, row: EvaluatedRow) -> float | None:
        """The module's result for the row; None where there is no response or the result is not finite.

        Raises PluginError where the module fails or has no such numeric result.
        """
        if row.response is None:
            return None
        module = self._module
        try:
            results = module.compute(
                predictions=[row.response], references=[row.example.reference], **self._settings.arguments
            )
        except Exception as error:
            raise PluginError(f"evaluate module {self._settings.path}: {row.example.source}: {_line(error)}") from error
        score = self._number(results)
        return score if math.isfinite(score) else None

    def _number(self, results: Mapping[str, Any]) -> float:
        key = self._settings.result
        if key not in results:
            known = ", ".join(sorted(results))
            raise PluginError(f"evaluate module {self._settings.path}: no result is named {key!r}; known: {known}")
        value = results[key]
        if isinstance(value, list) and len(value) == 1:  # modules that give one result for each row
            value = value[0]
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise PluginError(f"evaluate module {self._settings.path}: result {key!r} is not a number") from error


def _line(error: Exception) -> str:
    """What the library says, or what the module raised: its author needs the kind of the error, too."""
    said = " ".join(str(error).split())
    return said if isinstance(error, OSError | ImportError) else f"{type(error).__name__}: {said}"
