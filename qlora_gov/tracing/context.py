"""What a trace says: from a metric's value on a card down to the rows it came from."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from qlora_gov.records import Absent, Frozen, RuleVerdict


class TracedValue(Frozen):
    """What was measured on one side, and which entry says so."""

    who: str = Field(description="candidate, champion or reference")
    value: float | Absent
    scored: int
    rows: int
    evaluation: str = Field(description="id of the evaluation record")
    seq: int


class TracedPlugin(Frozen):
    """The code that measured, and what is installed of it now."""

    name: str
    distribution: str
    version: str
    source: str = Field(description="digest of the plugin's source when it measured")
    installed: str | None = Field(description="digest of the source that is installed now; null where none is")


class TracedSlice(Frozen):
    """The rows that share a value of a label."""

    label: str
    value: str
    rows: int
    candidate: float | Absent
    baseline: float | Absent


class TracedAnswer(Frozen):
    """One side of a row."""

    answer: str = Field(description="redacted by what detectors found in it, hidden where none looked")
    score: float | Absent = Field(description="the metric over this row alone")
    statistics: Mapping[str, float] | None = Field(description="by component; null where the row was not scored")


class TracedRow(Frozen):
    """One row of the evaluation set, both answers side by side."""

    row: int = Field(description="its number in the evaluation set, from 0")
    example: str = Field(description="id of the example")
    source: str = Field(description="where the example says that it came from, mostly file:line")
    prompt: str
    reference: str
    candidate: TracedAnswer
    baseline: TracedAnswer


class TracedEntry(Frozen):
    """An entry of the ledger on the way."""

    seq: int
    kind: str
    id: str


class Trace(Frozen):
    """A number from the card down to its rows. ``baseline`` is whom the candidate's rows stand beside."""

    metric: str
    decision: str
    baseline: str = Field(description="champion or reference")
    values: tuple[TracedValue, ...]
    rules: tuple[RuleVerdict, ...] = Field(description="the rules that judge it")
    plugin: TracedPlugin
    slices: tuple[TracedSlice, ...] = Field(description="the slices that lost most first")
    rows: tuple[TracedRow, ...] = Field(description="the rows that lost most first, then by number")
    entries: tuple[TracedEntry, ...] = Field(description="everything that the decision was made from")
