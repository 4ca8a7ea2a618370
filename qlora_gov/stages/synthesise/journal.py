"""Answers that were had, and paid for: they are never asked for again."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

from pydantic import Field, ValidationError

from qlora_gov.errors import DataError
from qlora_gov.explain import reasons_of
from qlora_gov.records import Frozen


class Completion(Frozen):
    """A model's answer, and what it took; what the endpoint did not say is None."""

    text: str | None
    finish: str | None = Field(default=None, description="why the answer ends")
    model: str = Field(min_length=1, description="as the endpoint says")
    url: str
    date: datetime.date
    input: int | None = Field(default=None, ge=0, description="tokens that the model was given")
    output: int | None = Field(default=None, ge=0, description="tokens that it answered")
    tokens: int = Field(ge=0, description="what a budget counts: both, or the most that they can have been")
    cost: float | None = Field(default=None, ge=0, description="of these, by the prices of that day")
    currency: str | None = None


class _Line(Frozen):
    request: str
    completion: Completion


class Journal:
    """Answers in a file, a line for each as soon as it is there, by the digest of what was asked.

    It is kept for good: whoever asks more, stops at a budget or is killed goes on where it stands, and rows can be made
    of the answers anew without the endpoint. Of a kill, it loses the requests that were under way.
    """

    def __init__(self, path: Path) -> None:
        """Read what is there. Raises DataError for a line that no journal has."""
        self.path = path
        self.had: dict[str, Completion] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        if lines and not lines[-1].endswith(b"\n"):  # a kill can cut the last line short
            os.truncate(path, sum(map(len, lines[:-1])))
            lines.pop()
        for number, text in enumerate(lines, start=1):
            try:
                line = _Line.model_validate_json(text)
            except ValidationError as error:
                raise DataError(f"{path}:{number}: no answer that was kept: {reasons_of(error)[0]}") from error
            self.had[line.request] = line.completion

    def put(self, request: str, completion: Completion) -> None:
        """Keep an answer before going on."""
        line = _Line(request=request, completion=completion).model_dump_json(exclude_defaults=True)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")
            stream.flush()
            os.fsync(stream.fileno())
        self.had[request] = completion
