"""Toxicity by Detoxify's transformers: from a directory of weights, or from a published checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from qlora_gov import Finding, ProjectDirectory, Settings

if TYPE_CHECKING:
    from qlora_gov_guardrails.checkpoints import Classifier


class ToxicitySettings(Settings):
    """Whose weights judge, and from which score on.

    ``weights`` is a directory with ``toxicity.ckpt`` (Detoxify's layout), the model's configuration and its tokenizer,
    recorded by its digest. ``checkpoint`` names one that Detoxify downloads. ``threshold`` is the least score that
    is a finding; it is not calibrated.
    """

    weights: ProjectDirectory | None = Field(default=None, description="a directory of weights")
    checkpoint: Literal["original", "original-small", "unbiased", "unbiased-small", "multilingual"] | None = Field(
        default=None, description="or a published checkpoint, which is downloaded"
    )
    threshold: float = Field(default=0.5, ge=0, le=1, description="least score that is a finding")

    @model_validator(mode="after")
    def _one_model(self) -> ToxicitySettings:
        if (self.weights is None) == (self.checkpoint is None):
            raise ValueError("set either weights, a directory, or checkpoint, a published one that is downloaded")
        return self


class Toxicity:
    """The labels that a checkpoint was trained for, each a kind of its own.

    A text that is longer than the model can read is read in overlapping windows; a finding spans its window.
    """

    def __init__(self, settings: ToxicitySettings) -> None:
        self._settings = settings

    @cached_property
    def _classifier(self) -> Classifier:
        from qlora_gov_guardrails.checkpoints import from_directory, published

        weights, checkpoint = self._settings.weights, self._settings.checkpoint
        return from_directory(weights) if weights is not None else published(str(checkpoint))

    def detect(self, texts: Sequence[str]) -> list[list[Finding]]:
        """For each text, every label of every window whose score reaches the threshold."""
        found: list[list[Finding]] = [[] for _ in texts]
        for index, finding in self._findings(texts):
            found[index].append(finding)
        for findings in found:
            findings.sort(key=lambda finding: (finding.start, finding.end, finding.kind))
        return found

    def _findings(self, texts: Sequence[str]) -> Iterator[tuple[int, Finding]]:
        for window, scores in self._classifier.scores(texts):
            for label, score in scores.items():
                if score >= self._settings.threshold:
                    yield window.text, Finding(label, score, window.start, window.end)
