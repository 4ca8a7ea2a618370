"""A filter that keeps training rows clear of the evaluation set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import Field

from qlora_gov import Change, DetectorFigure, Drop, Example
from qlora_gov_data.similarity import WORD, Fingerprints, Frequencies, HeldTexts, Similarity, fingerprints, shared
from qlora_gov_data.synthesised import LABEL
from qlora_gov_data.texts import dialogue, squeezed

GROUP = "group is held out"
PARENT = "made from a held-out row"
TEXT = "text is held out"
NEAR = "near-duplicate of a held-out row"
WITHIN = "holds a held-out text"
KEPT = "held_out_leak"
"""The label of a row that leaks and is kept."""
WHOLE_QUESTIONS = "questions, whole"
HELD_QUESTIONS = "questions within a longer text"
ANSWERS = "answers of one row alone"
REPLACED = "questions with a fifth of the words replaced at random"
REWORDED = "questions in other words"
PLANTED = {
    WHOLE_QUESTIONS: (2_000, 2_000),
    HELD_QUESTIONS: (2_000, 2_000),
    ANSWERS: (300, 300),
    REPLACED: (73, 500),
    REWORDED: (197, 350),
}
"""What of planted leaks it finds by its own settings, and how many of each kind there were."""
_CHOSEN = {"threshold", "shingle", "containment", "answer_words"}
WHOLE = 1.0
"""The share of a held-out answer that another text must hold: many answers of one kind differ in a number alone."""

LABEL_WORDS = 4
"""Words from which on an answer is more than a label."""


class HeldOutLeakSettings(Similarity):
    """Prompts are short: one changed word of ten leaves .64 of the pairs of words, but .45 of the triples.

    Likeness is that of what was asked; an answer leaks where it is held whole, as many of one kind are alike.
    """

    threshold: float = Field(default=0.6, ge=0.1, lt=1, description="least similarity at which a text leaks")
    shingle: int = Field(default=2, ge=1, le=10, description="words that are compared as one")
    containment: float = Field(
        default=0.95, ge=0.1, le=1, description="least share of a held-out prompt that a longer text holds as a leak"
    )
    answer_words: int = Field(
        default=8, ge=1, description="least words of a held-out answer that is looked for; none that several rows share"
    )
    keep: bool = Field(
        default=False, description="keep rows that leak, with what they share as the label held_out_leak"
    )


class HeldOutLeak:
    """Drops a row that shares its group or a text with a held-out row, a text near to one's, or that holds one.

    A row that a model made goes, too, where one that it was made from is held out: no text would tell.

    Every turn of a row is compared by itself, system turns too, and so is all that was said before each of the
    assistant's. Held-out are the prompts, the last question of each, and answers that are one row's alone. Each row
    is judged by itself: neither the order of the rows nor that of the held-out ones matters. What says the same in
    other words is not found.
    """

    def __init__(self, settings: HeldOutLeakSettings) -> None:
        self._settings = settings
        self._held = _HeldOut((), settings)

    def keep_clear_of(self, held_out: Sequence[Example]) -> None:
        """Take note of the texts and groups of the evaluation rows."""
        self._held = _HeldOut(held_out, self._settings)

    def apply(self, rows: Sequence[Example]) -> Sequence[Example | Change | Drop]:
        """Return each row, or a Drop that says what of it is held out; or the row with that as a label."""
        found = [(row, self._held.leak(row)) for row in rows]
        if self._settings.keep:
            return [row if leak is None else _labelled(row, leak) for row, leak in found]
        return [leak or row for row, leak in found]


def leaks_measured(settings: HeldOutLeakSettings) -> tuple[DetectorFigure, ...]:
    """What it finds of planted leaks by its own settings, as ``benchmarks/leaks.py`` measures it."""
    chosen = settings.model_dump(include=_CHOSEN) == HeldOutLeakSettings().model_dump(include=_CHOSEN)
    return tuple(_figure(what, found, of) for what, (found, of) in PLANTED.items()) if chosen else ()


def _figure(what: str, found: int, of: int) -> DetectorFigure:
    return DetectorFigure(what=what, wanted=True, flagged=found, of=of, texts="questions of banking77, planted")


def _labelled(row: Example, leak: Drop) -> Change:
    return Change(row.model_copy(update={"extra": {**row.extra, KEPT: leak.reason}}), leak.reason, leak.score)


class _Held(NamedTuple):
    """A text of a held-out row, and whether it was asked or answered."""

    id: str
    asked: bool
    shingles: Fingerprints


class _HeldOut:
    """What training rows must not share with the held-out rows."""

    def __init__(self, examples: Sequence[Example], settings: HeldOutLeakSettings) -> None:
        self._settings = settings
        self._groups = {example.group: example.id for example in examples}
        self._ids = {example.id for example in examples}
        self._texts: dict[str, str] = {}
        self._near: list[_Held] = []
        for id_, asked, text in _texts_of(examples, settings):
            if plain := squeezed(text, settings.invisible):
                self._texts.setdefault(plain, id_)
                self._near.append(_Held(id_, asked, fingerprints(text, settings.shingle, settings.invisible)))
        frequencies = Frequencies()
        for held in self._near:
            frequencies.add(held.shingles)
        self._index = HeldTexts()
        for place, held in enumerate(self._near):
            least = min(settings.threshold, settings.containment) if held.asked else WHOLE
            self._index.add(place, frequencies.telling(held.shingles, least))

    def leak(self, example: Example) -> Drop | None:
        if example.group in self._groups:
            return Drop(GROUP, 1.0, self._groups[example.group])
        if parent := next((one for one in _parents_of(example) if one in self._ids), None):
            return Drop(PARENT, 1.0, parent)
        texts = dict(_texts_in(example))
        for text, tells in texts.items():
            same = self._texts.get(squeezed(text, self._settings.invisible))
            if tells and same is not None:
                return Drop(TEXT, 1.0, same)
        return next(filter(None, map(self._near_leak, texts)), None)

    def _near_leak(self, text: str) -> Drop | None:
        """The first held-out text that is near to this one, or within it."""
        shingles = fingerprints(text, self._settings.shingle, self._settings.invisible)
        for held in map(self._near.__getitem__, self._index.holdable(shingles)):
            both = shared(shingles, held.shingles)
            alike = both / (len(shingles) + len(held.shingles) - both)
            if held.asked and alike >= self._settings.threshold:
                return Drop(NEAR, alike, held.id)
            if (within := both / len(held.shingles)) >= (self._settings.containment if held.asked else WHOLE):
                return Drop(WITHIN, within, held.id)
        return None


def _parents_of(example: Example) -> list[str]:
    """The ids of the rows that a row was made from by a model; none where another tool labels rows otherwise."""
    label = example.extra.get(LABEL)
    parents = label.get("parents") if isinstance(label, Mapping) else None
    return [one for one in parents if isinstance(one, str)] if isinstance(parents, list | tuple) else []


def _texts_of(examples: Sequence[Example], settings: HeldOutLeakSettings) -> Iterator[tuple[str, bool, str]]:
    """Of held-out rows, the texts that training rows are compared with: whose, whether it was asked, and the text."""
    answers = Counter(squeezed(example.reference, settings.invisible) for example in examples)
    for example in examples:
        yield from ((example.id, True, text) for text in dict.fromkeys((dialogue(example.prompt), example.question)))
        alone = answers[squeezed(example.reference, settings.invisible)] == 1
        if alone and len(WORD.findall(example.reference)) >= settings.answer_words:
            yield example.id, False, example.reference


def _texts_in(example: Example) -> Iterator[tuple[str, bool]]:
    """Every turn, and what was said before each of the assistant's, since training learns from every one of them.

    Training learns from a rejected answer, too. With each, whether it tells anything that it is a held-out text: an
    answer of a word or two may be a mere label.
    """
    for place, message in enumerate(example.messages):
        answer = message.role == "assistant"
        yield message.content, not answer or _tells(message.content)
        if answer:
            yield dialogue(example.messages[:place]), True
    if example.rejected is not None:
        yield example.rejected, _tells(example.rejected)


def _tells(answer: str) -> bool:
    return len(WORD.findall(answer)) >= LABEL_WORDS
