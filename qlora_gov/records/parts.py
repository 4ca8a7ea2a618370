"""What records of several kinds are made of."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, model_validator

from qlora_gov.records.record import Frozen


class Head(Frozen):
    """The newest entry of a ledger's chain; who keeps it can later show whether the chain still holds it."""

    seq: int = Field(description="the entry's number")
    hash: str = Field(description="the hash of the entry")


class Absent(Frozen):
    """Stands where a value was not measured. Never replaced by 0 or NaN."""

    absent: str = Field(description="why, for people")


class Interval(Frozen):
    """A two-sided confidence interval; ``low`` or ``high`` is None where that side was not computed."""

    low: float | None = Field(description="lower end; None where it was not computed")
    high: float | None = Field(description="upper end; None where it was not computed")
    level: float = Field(description="such as 0.95")
    method: str = Field(description="how it was found, in words")

    @model_validator(mode="after")
    def _in_order(self) -> Interval:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(
                f"an interval goes from its lower end to its upper one, not from {self.low} to {self.high}"
            )
        return self


class DetectorFigure(Frozen):
    """How often a detector flagged something on labelled texts: what it should flag, or what it should leave alone."""

    what: str = Field(description="a kind such as PERSON, or texts of some sort")
    wanted: bool = Field(description="whether it should be flagged")
    flagged: int = Field(ge=0, description="of these, how many it flagged")
    of: int = Field(ge=1, description="how many there were")
    texts: str = Field(description="which texts these were")
    at: str = Field(default="", description="the settings by which it was measured; empty: any")

    @property
    def rate(self) -> float:
        """The share that was flagged."""
        return self.flagged / self.of


class Environment(Frozen):
    """What ran a stage."""

    python: str
    platform: str
    device: str
    threads: int
    packages: Mapping[str, str]
    git_commit: str | None
    git_dirty: bool | None
