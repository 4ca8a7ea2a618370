"""Trainers, and the job that one is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from qlora_gov.plugin.specs.base import Progress, Spec
from qlora_gov.records import LossPoint
from qlora_gov.records.example import Example


@dataclass(frozen=True)
class TrainingJob:
    """All that a trainer is given.

    ``base`` is a local directory of safetensors, configuration and tokenizer, ``base_name`` what the adapter should
    call it. ``output`` is an empty directory
    for the adapter's files. ``checkpoints`` survives a kill: a trainer that finds its own checkpoint there goes
    on from it and ends with the same weights as an uninterrupted run.
    """

    base: Path
    base_name: str
    examples: Sequence[Example]
    output: Path
    checkpoints: Path
    seed: int
    progress: Progress


@dataclass(frozen=True)
class TrainingOutcome:
    """What a trainer tells of a finished run."""

    losses: tuple[LossPoint, ...]
    steps: int
    tokens: int
    notes: tuple[str, ...] = ()


class Trainer(Protocol):
    """Trains an adapter."""

    def train(self, job: TrainingJob) -> TrainingOutcome:
        """Write the adapter (safetensors and JSON only) to ``job.output``.

        Raises TrainingError where the loss is not finite, ModelError where the base does not suit.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class TrainerSpec(Spec):
    """A way to train an adapter."""

    kind = "trainer"
    calls = ("train",)
