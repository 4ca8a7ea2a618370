"""What a dataset is curated from and by: components at work, with what a record says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from qlora_gov.plugin.specs import Filter, SetFilter, Source
from qlora_gov.records import Component, DetectorFigure
from qlora_gov.records.dataset import Mixing
from qlora_gov.records.example import Example
from qlora_gov.records.released import DISTRIBUTION

FILTER = "filter"
"""The action of a step that is a filter, not a guardrail."""


@dataclass(frozen=True)
class UsedSource:
    """A source, what a record says of it, and what its project declares of its rows.

    A ``strict`` one yields no row of a provenance that is not known.
    """

    source: Source
    component: Component
    licence: str | None = None
    provenance: str | None = None
    consent: str | None = None
    strict: bool = False


@dataclass(frozen=True)
class UsedStep:
    """A step, what a record says of it, and how it acts: as a filter, or a guardrail that drops or redacts.

    ``measured`` is what it was seen to flag and to pass over, ``requires`` the libraries that it loads.
    """

    step: Filter | SetFilter
    component: Component
    action: str = FILTER
    judges_set: bool = False
    decontaminates: bool = False
    measured: tuple[DetectorFigure, ...] = ()
    requires: tuple[str, ...] = ()


class Mixer(SetFilter, Protocol):
    """What samples rows after all steps, and says afterwards of which kind there were too few."""

    mixing: Mixing | None


MIX = Component(name="mix", distribution=DISTRIBUTION, version="", source="", settings={})
"""What the mixer is called where it fails; no record holds it."""


@dataclass(frozen=True)
class HeldOut:
    """The evaluation set that training data is kept clear of."""

    id: str
    examples: Sequence[Example]


@dataclass(frozen=True)
class Curation:
    """All that decides a dataset version.

    ``mixer`` samples what the steps leave; with ``by_prompt``, rows of one prompt are one group.
    """

    role: str
    sources: Sequence[UsedSource]
    steps: Sequence[UsedStep]
    held_out: HeldOut | None = None
    mixer: Mixer | None = None
    by_prompt: bool = False
