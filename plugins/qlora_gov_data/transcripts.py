"""Examples from the plain text of chats: who spoke, a colon, and what was said, with or without the time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import Any, Literal, NamedTuple

from pydantic import Field, field_validator

from qlora_gov import DataError, DataFile, DataFiles, Example
from qlora_gov_data.files import PinnedSettings, texts_of
from qlora_gov_data.rows import Later, read_examples

Role = Literal["system", "user", "assistant", "tool"]

ANYBODY = "*"
"""Stands among the speakers for whoever else speaks."""

_MARKS = "\u200e\u200f\u202a\u202c"  # of the direction of writing, which WhatsApp puts around names and numbers
_DATE = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp]\.?\s?[Mm]\.?)?(?:\s?Z|\s?[+-]\d{2}:?\d{2})?"
_WHEN = rf"(?:{_DATE}(?:,?\s+|T))?{_CLOCK}"
_BRACKETED = rf"(?:\[{_WHEN}\]|\({_WHEN}\))"
STAMP = re.compile(rf"\u200e?(?:{_BRACKETED}|{_WHEN}(?:\s+[-–])?)\s+")
"""The time before a turn: ``[10:02]``, ``(10:02 AM)``, ``2025-03-01 10:02:33``, ``3/1/25, 10:02 PM -``."""
SPEECH = re.compile(rf"(?P<name>[^:：\s][^:：]{{0,79}}?)\s*{_BRACKETED}?\s*[:：](?P<text>.*)", re.DOTALL)
"""A name, perhaps a time, a colon, and what was said."""
_NAME = re.compile(r"[^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,3}")


class TranscriptSettings(PinnedSettings):
    """Which files, who speaks in them, and where a conversation ends."""

    path: DataFiles = Field(
        description="chats as text: a file, a directory, a pattern such as chats/**/*.txt, or the URL of a file"
    )
    speakers: Mapping[str, Role | None] = Field(
        description="names to roles, such as {Agent: assistant, Customer: user}; whoever is null is left out, and '*' "
        "stands for all others"
    )
    separator: str | None = Field(
        default=None,
        description="the line between two conversations, such as ---, or '' for an empty one; none: a file is one",
    )
    unanswered: Literal["refused", "left_out"] = Field(
        default="refused", description="what becomes of a conversation in which the assistant says nothing"
    )

    @field_validator("speakers")
    @classmethod
    def _someone_answers(cls, speakers: Mapping[str, Role | None]) -> Mapping[str, Role | None]:
        if "assistant" not in speakers.values():
            raise ValueError("nobody is the assistant; name who answers, such as {Agent: assistant, Customer: user}")
        return speakers


class _Line(NamedTuple):
    """A line of a conversation: its number, who begins to speak on it, if anybody does, and what is said."""

    number: int
    name: str | None
    text: str


NOBODY = ""
"""Who speaks on a line that has a time and no name: the program that wrote the log."""


class Transcripts:
    """Reads conversations from logs, with a line for each turn and more lines where a turn goes on.

    Turns of one role that follow each other are one, and what stands after the assistant's last one is left out; how
    many turns that were is kept as ``cut_turns``.
    """

    def __init__(self, settings: TranscriptSettings) -> None:
        self._settings = settings

    def read(self) -> Iterator[Example]:
        """Yield the conversations, file by file, each told by its first line.

        Raises:
            DataError: A file cannot be read, nobody or somebody unknown speaks, or a conversation is no example.
        """
        return read_examples(self._settings.path.name, self._rows())

    def _rows(self) -> Iterator[tuple[str, Later]]:
        for file in self._settings.path.files:
            for lines in self._conversations(file):
                answered = any(self._role(line.name) == "assistant" for line in lines if line.name is not None)
                if answered or self._settings.unanswered == "refused":
                    yield f"{file.name}:{lines[0].number}", partial(self._row, file.name, lines)

    def _conversations(self, file: DataFile) -> Iterator[list[_Line]]:
        """The lines of each conversation, from the first that is not empty."""
        stamped, lines = None, list[_Line]()
        for number, text in enumerate(texts_of(file), start=1):
            line = text.rstrip()
            if self._settings.separator is not None and line.strip() == self._settings.separator.strip():
                if lines:
                    yield lines
                lines = []
            elif line or lines:
                stamped = STAMP.match(line) is not None if stamped is None else stamped
                lines.append(_Line(number, *self._begun(line, stamped)))
        if lines:
            yield lines

    def _begun(self, line: str, stamped: bool) -> tuple[str | None, str]:
        """Who begins to speak on a line, and what is said. Where the file's first line has a time, all turns have."""
        stamp = STAMP.match(line) if stamped else None
        if stamped and stamp is None:
            return None, line
        speech = SPEECH.fullmatch(line, stamp.end() if stamp else 0)
        if speech is None:
            return (None, line) if stamp is None else (NOBODY, "")
        name, text = speech["name"].strip(_MARKS), speech["text"]
        if stamp or name in self._settings.speakers or (_may_speak(name) and text[:1].strip() == ""):
            return name, text
        return None, line

    def _known(self, name: str) -> bool:
        return name == NOBODY or name in self._settings.speakers or ANYBODY in self._settings.speakers

    def _role(self, name: str) -> Role | None:
        speakers = self._settings.speakers
        return None if name == NOBODY else speakers.get(name, speakers.get(ANYBODY))

    def _row(self, file: str, lines: list[_Line]) -> dict[str, Any]:
        """A conversation as a row. Raises DataError for a line that is nobody's, or somebody's who is not known."""
        turns: list[tuple[Role | None, str]] = []
        for line in lines:
            if line.name is None and not turns:
                known = ", ".join(self._settings.speakers)
                raise DataError(f"{file}:{line.number}: nobody speaks yet; a turn begins with a name: {known}")
            if line.name is None:
                turns[-1] = (turns[-1][0], f"{turns[-1][1]}\n{line.text}")
            elif self._known(line.name):
                turns.append((self._role(line.name), line.text))
            else:
                raise DataError(
                    f"{file}:{line.number}: nobody is known as {line.name!r}; add the name to speakers, with a role or "
                    "null, or begin the line with a space where a turn goes on"
                )
        joined = [
            {"role": role, "content": "\n".join(filter(None, (text.strip() for _, text in said)))}
            for role, said in groupby((turn for turn in turns if turn[0]), key=lambda turn: turn[0])
        ]
        last = max((at for at, turn in enumerate(joined, start=1) if turn["role"] == "assistant"), default=len(joined))
        cut = {"cut_turns": len(joined) - last} if last < len(joined) else {}
        return {"messages": joined[:last], **cut}


def _may_speak(name: str) -> bool:
    """Whether a line's beginning is a name, and no sentence: a word, or up to four of which the ends are no small ones.

    Scripts without small letters have no small words.
    """
    words = name.split()
    return _NAME.fullmatch(name) is not None and (len(words) == 1 or not any(words[at][0].islower() for at in (0, -1)))
