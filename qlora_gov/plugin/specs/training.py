"""Trainers, and the job that one is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol, runtime_checkable

from pydantic import JsonValue

from qlora_gov.plugin.specs.base import Progress, Spec
from qlora_gov.records import LossPoint
from qlora_gov.records.example import Example
from qlora_gov.records.inputs import TODAY


@dataclass(frozen=True)
class TrainingJob:
    """All that a trainer is given.

    ``base`` is a local directory of safetensors, configuration and tokenizer, ``base_name`` what the adapter should
    call it. ``output`` is an empty directory
    for the adapter's files. ``checkpoints`` survives a kill: a trainer that finds its own checkpoint there goes
    on from it and ends with the same weights as an uninterrupted run. ``today`` is the day that chat templates are
    told. ``strict`` says that a row must not take more positions than the base was made for; without it that is a note.
    """

    base: Path
    base_name: str
    examples: Sequence[Example]
    output: Path
    checkpoints: Path
    seed: int
    progress: Progress
    today: date = TODAY
    strict: bool = False


@dataclass(frozen=True)
class TrainingOutcome:
    """What a trainer tells of a finished run.

    ``tracked`` is where experiment trackers have it, by tracker: a URL, or a store and the run in it.
    ``validation_losses`` are of training rows that were not trained on, by which a trainer decided when to stop.
    """

    losses: tuple[LossPoint, ...]
    steps: int
    tokens: int
    notes: tuple[str, ...] = ()
    tracked: Mapping[str, str] = field(default_factory=dict)
    validation_losses: tuple[LossPoint, ...] = ()


class Trainer(Protocol):
    """Trains an adapter; one that has a method ``reads``, too, is a :class:`ReadingTrainer`."""

    def train(self, job: TrainingJob) -> TrainingOutcome:
        """Write the adapter (safetensors and JSON only) to ``job.output``.

        Raises TrainingError where the loss is not finite, ModelError where the base does not suit, DataError for rows
        that it cannot be given; what can be known of rows is said before the first step.
        """
        ...


@runtime_checkable
class ReadingTrainer(Trainer, Protocol):
    """A trainer that says what it makes of rows."""

    def reads(self, base: Path, examples: Sequence[Example], today: date) -> Mapping[str, JsonValue]:
        """What beside base, rows, recipe and seed decides what the model reads; nothing where nothing does.

        An adapter on record is found again only where this is the same. It is asked before each run, and quick.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class TrainerSpec(Spec):
    """A way to train an adapter."""

    kind = "trainer"
    methods = ("train",)
