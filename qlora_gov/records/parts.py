"""What records are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from qlora_gov.canonical import content_id


class Frozen(BaseModel):
    """A part of a record: immutable, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Record(Frozen):
    """What one stage made. Subclasses name their kind and which of their fields are parents."""

    kind: ClassVar[str]
    parent_fields: ClassVar[tuple[str, ...]] = ()

    def content(self) -> dict[str, Any]:
        """The record as plain JSON values, without its kind."""
        return self.model_dump(mode="json")

    @property
    def id(self) -> str:
        """``sha256:...`` over the kind and the content."""
        return content_id({"kind": self.kind, "content": self.content()})

    @property
    def parents(self) -> tuple[str, ...]:
        """The ids of the records this one was made from."""
        named = (getattr(self, field) for field in self.parent_fields)
        return tuple(
            id_ for value in named if value is not None for id_ in ((value,) if isinstance(value, str) else value)
        )


class Component(Frozen):
    """Which code of which plugin did a piece of work, with which settings."""

    name: str = Field(description="plugin/name, as the catalog resolves it")
    distribution: str
    version: str
    source: str = Field(description="digest of the plugin's source files")
    settings: Mapping[str, JsonValue]

    @property
    def rate(self) -> Component:
        """For a guardrail: the measurement of how often it flags a response."""
        return self.model_copy(update={"name": f"{self.name}_rate"})


class Absent(Frozen):
    """Stands where a value was not measured. Never replaced by 0 or NaN."""

    absent: str = Field(description="why, for people")


class Interval(Frozen):
    """A two-sided confidence interval; ``low`` or ``high`` is None where that side was not computed."""

    low: float | None
    high: float | None
    level: float
    method: str

    @model_validator(mode="after")
    def _in_order(self) -> Interval:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(
                f"an interval goes from its lower end to its upper one, not from {self.low} to {self.high}"
            )
        return self


class Environment(Frozen):
    """What ran a stage."""

    python: str
    platform: str
    device: str
    threads: int
    packages: Mapping[str, str]
    git_commit: str | None
    git_dirty: bool | None
