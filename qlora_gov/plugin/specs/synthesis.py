"""Synthesisers: prompts made from rows, and rows made from what a model answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from qlora_gov.plugin.specs.base import Spec
from qlora_gov.plugin.specs.data import Drop
from qlora_gov.records.example import Example, Message


@dataclass(frozen=True)
class Prompt:
    """What a model is asked, and the seed rows that it was made from: the parents of the rows that come of it."""

    messages: tuple[Message, ...]
    parents: tuple[Example, ...]


class Synthesiser(Protocol):
    """Makes prompts from seed rows, and rows from answers.

    The core does the rest: it asks the model, tries again, keeps within the budget, keeps every answer across a kill,
    and labels the rows. An answer is never asked for twice, so that rows can be made of it anew when this code changes.
    """

    def template(self) -> str:
        """The text by which prompts are made; every row is labelled with its digest."""
        ...

    def prompts(self, seeds: Sequence[Example], draw: Random) -> Iterable[Prompt]:
        """What to ask, in a stable order; whatever is left to chance comes from ``draw``, which the project seeds.

        A prompt that comes twice is asked twice.
        """
        ...

    def rows(self, prompt: Prompt, answer: str) -> Sequence[Example | Drop]:
        """The rows of an answer, and a Drop with its reason for whatever in it is none: nothing is patched.

        It may raise DataError for an answer in which nothing can be read; both are counted by the reason.

        A row that is made with a parent's ``with_messages`` keeps its labels and its group, and so counts as one
        cluster with it. One of a group ``""`` has its own. Provenance, label and source are the core's to say.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class SynthesiserSpec(Spec):
    """A way to make rows from rows through a model."""

    kind = "synthesiser"
    methods = ("template", "prompts", "rows")
