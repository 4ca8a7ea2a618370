"""The mix of training rows by provenance, as a project file names it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from qlora_gov.plugin.settings import Settings
from qlora_gov.records.dataset import PLAYBOOK, PROVENANCES, Provenance

NAMED: Mapping[str, Mapping[str, float]] = {"playbook": PLAYBOOK}
"""Targets by their name in a project file."""


class Mix(Settings):
    """Which share of the rows each provenance has."""

    target: Mapping[Provenance, float] = Field(description="provenance to its share; they sum to 1")
    balance: Literal["strata", "total"] = Field(
        default="strata", description="whether the shares hold in every stratum of rows with the same labels, or in all"
    )
    by: tuple[str, ...] = Field(
        default=("intent", "language", "reading_level"), description="labels that make the strata"
    )

    @field_validator("target")
    @classmethod
    def _shares(cls, target: Mapping[Provenance, float]) -> Mapping[Provenance, float]:
        if any(share < 0 for share in target.values()) or not math.isclose(sum(target.values()), 1, abs_tol=1e-6):
            raise ValueError(f"shares must be 0 or more and sum to 1, not to {sum(target.values()):g}")
        return target


def _spelt_out(value: Any) -> Any:
    """A name, or the shares alone, as a mix."""
    if isinstance(value, str):
        if value not in NAMED:
            raise ValueError(f"no mix is called {value!r}; known: {', '.join(NAMED)}")
        return {"target": dict(NAMED[value])}
    if isinstance(value, Mapping) and value and value.keys() <= set(PROVENANCES):
        return {"target": dict(value)}
    return value


MixUse = Annotated[Mix, BeforeValidator(_spelt_out, json_schema_input_type=Mix | dict[str, float] | str)]
"""A mix in a project file: its name, its shares, or all of it."""
