"""A filter for rows that are too short or too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field, model_validator

from qlora_gov import Drop, Example, Settings


class Limits(Settings):
    """Limits on one text, both ends included. A word is what stands between white space."""

    min_characters: int | None = Field(default=None, ge=1, description="least number of characters")
    max_characters: int | None = Field(default=None, ge=1, description="greatest number of characters")
    min_words: int | None = Field(default=None, ge=1, description="least number of words")
    max_words: int | None = Field(default=None, ge=1, description="greatest number of words")

    @model_validator(mode="after")
    def _leave_something(self) -> Limits:
        for unit in ("characters", "words"):
            low, high = getattr(self, f"min_{unit}"), getattr(self, f"max_{unit}")
            if low is not None and high is not None and low > high:
                raise ValueError(f"min_{unit} {low} is above max_{unit} {high}; no row would be left")
        return self

    def broken_by(self, text: str) -> str | None:
        """The name of the first limit that a text breaks, such as ``over max_words``."""
        for unit, size in (("characters", len(text)), ("words", len(text.split()))):
            low, high = getattr(self, f"min_{unit}"), getattr(self, f"max_{unit}")
            if low is not None and size < low:
                return f"under min_{unit}"
            if high is not None and size > high:
                return f"over max_{unit}"
        return None


class LengthSettings(Settings):
    """Limits on the prompt, all turns before the answer together, and on the answer: on both of a preference pair."""

    prompt: Limits = Field(default=Limits(), description="limits on all turns before the answer together")
    answer: Limits = Field(default=Limits(), description="limits on the answer")

    @model_validator(mode="after")
    def _limits_something(self) -> LengthSettings:
        if self.prompt == self.answer == Limits():
            raise ValueError("set a limit, such as answer: {max_words: 300}")
        return self


class Length:
    """Drops a row that breaks a limit."""

    def __init__(self, settings: LengthSettings) -> None:
        self._settings = settings

    def apply(self, rows: Sequence[Example]) -> Sequence[Example | Drop]:
        """Return each row, or a Drop that names the first limit it breaks."""
        return [next(self._drops(row), row) for row in rows]

    def _drops(self, example: Example) -> Iterator[Drop]:
        prompt = "\n".join(message.content for message in example.prompt)
        rejected = () if example.rejected is None else (("rejected answer", self._settings.answer, example.rejected),)
        for part, limits, text in (
            ("prompt", self._settings.prompt, prompt),
            ("answer", self._settings.answer, example.reference),
            *rejected,
        ):
            if broken := limits.broken_by(text):
                yield Drop(f"{part} {broken}")
