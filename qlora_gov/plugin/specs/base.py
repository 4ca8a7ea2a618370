"""What every spec says, and what components of several kinds share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, JsonValue

Floats = NDArray[np.float64]


Bools = NDArray[np.bool_]


Need = Literal["response", "loglikelihood"]


Margin = Literal["absolute", "relative"]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What every spec says: a short name, one line for people, how to make it, and what it takes.

    ``requires`` names the modules that must be importable for the component to work, ``extra`` the extra of this
    distribution that installs them. ``revision`` is for components that come with qlora_gov: whoever changes what one
    means raises it, and only that makes evidence of before another component's. Any other component is known by its
    source. ``from_schema`` holds settings that a project of that schema or a later one has where it sets none: what a
    component should have done from the start, and a released default cannot say.
    """

    kind: ClassVar[str]
    methods: ClassVar[tuple[str, ...]] = ()
    name: str
    summary: str
    factory: Callable[..., Any]
    config: type[BaseModel] | None = None
    requires: tuple[str, ...] = ()
    extra: str | None = None
    revision: int = 1
    from_schema: Mapping[int, Mapping[str, JsonValue]] = field(default_factory=dict)

    @property
    def calls(self) -> tuple[str, ...]:
        """The methods that the core calls."""
        return self.methods


class Progress(Protocol):
    """Shows how far a long piece of work has come."""

    def begin(self, label: str, total: int) -> None:
        """Start a piece of work of ``total`` units; it ends the one before."""
        ...

    def advance(self, units: int = 1, note: str = "") -> None:
        """Some units are done; ``note`` is a short word on the state, such as the loss."""
        ...

    def tell(self, line: str) -> None:
        """A line for people that stays, such as what a piece of work is about to do."""
        ...
