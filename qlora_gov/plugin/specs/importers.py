"""Readers of other tools' evaluation logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from qlora_gov.plugin.specs.base import Spec
from qlora_gov.records.example import Example


@dataclass(frozen=True)
class ImportedRow:
    """One answer that another tool logged: the example it answers, the answer, and its scores by name."""

    example: Example
    response: str
    scores: Mapping[str, float]


@dataclass(frozen=True)
class ImportedEvaluation:
    """What another tool's log says of one subject, row by row.

    Two logs pair where their examples are equal: an example holds the prompt as the subject saw it, and an epoch or
    a document's number where the tool asked several times. ``began`` is when the log says that the evaluation
    began, UTC in ISO 8601; ``files`` are those that were read, for their digest; ``notes`` say what of the log was
    left out, and why, and one on a score starts with its name and a colon. ``adapter`` is whether the log says that an
    adapter answered, None where it cannot tell; ``adapter_name`` is what it calls the adapter, such as a directory,
    and ``base`` the model beneath. ``settings`` are how the answers were asked for and scored, by name: JSON values
    that must be equal for two logs to be compared, so neither the model and its arguments nor paths, times, hosts or
    batch sizes; one of a task among several is named ``<task>: <setting>``.
    """

    tool: str
    version: str
    model: str
    began: str
    rows: Sequence[ImportedRow]
    files: Sequence[Path]
    notes: tuple[str, ...] = ()
    adapter: bool | None = None
    adapter_name: str | None = None
    base: str | None = None
    settings: Mapping[str, JsonValue] = field(default_factory=dict)


class Importer(Protocol):
    """Reads another tool's log."""

    def read(self, path: Path) -> ImportedEvaluation:
        """Read a log file or directory. Raises DataError that names the file and what is wrong with it."""
        ...


@dataclass(frozen=True, kw_only=True)
class ImporterSpec(Spec):
    """A reader of another tool's evaluation logs."""

    kind = "importer"
    methods = ("read",)
