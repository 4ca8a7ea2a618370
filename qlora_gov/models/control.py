"""Control tokens: what steers a conversation, and no text of a row ever is, even where it spells one.

A tokenizer turns the spelling of a control token into the token wherever it stands. So texts that spell one are
rendered with placeholders in its place; what the rendered text then holds of control tokens is the template's own. They
are encoded by a twin of the tokenizer in which control tokens are spelled by characters that no text has: the twin
reads everything else as plain text, in one piece, so that it is split as the tokenizer splits it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qlora_gov.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

# The two planes of private use: 65,534 characters each, which no standard and no font gives a meaning.
_SPELLINGS, _PLACEHOLDERS, _END = 0xF0000, 0x100000, 0x10FFFE

Pieces = Sequence[tuple[str, bool]]
"""A text in pieces, each with whether it is the assistant's."""


class ControlTokens:
    """The control tokens of a tokenizer, by id; ``fixed`` are those that are special whatever the template does."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, written: Iterable[int] = ()) -> None:
        added = {id_: token for id_, token in tokenizer.added_tokens_decoder.items() if not token.content.isspace()}
        named = set(getattr(tokenizer, "chat_control_tokens", None) or ())
        special = {id_ for id_, token in added.items() if token.special or token.content in named}
        self.tokenizer = tokenizer
        self.fixed = frozenset(special | ({tokenizer.eos_token_id} & added.keys()))
        self.all = frozenset(self.fixed | (set(written) & added.keys()))
        self._content = {id_: added[id_].content for id_ in sorted(self.all)}
        self._folds = any(added[id_].normalized for id_ in self.all)
        self._twin: Tokenizer | None = None

    def spelled(self, text: str, among: frozenset[int]) -> list[tuple[int, int]]:
        """Where a text spells control tokens that its tokenizer would make real ones, white space not included."""
        if not self._may_spell(text):
            return []
        encoded = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        found = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
        return [self._trimmed(text, *span) for id_, span in found if id_ in among and self._is(id_, text, span)]

    def _may_spell(self, text: str) -> bool:
        """A quick look, which finds too much where the tokenizer folds cases and the like."""
        if self._folds:
            text = self._normalised(text)
            return any(self._normalised(content) in text for content in self._content.values())
        return any(content in text for content in self._content.values())

    def _normalised(self, text: str) -> str:
        normalizer = self.tokenizer.backend_tokenizer.normalizer
        return (str(normalizer.normalize_str(text)) if normalizer else text).strip().casefold()

    def _is(self, id_: int, text: str, span: tuple[int, int]) -> bool:
        """Whether it was spelled, not made of a character that the tokenizer does not know."""
        piece = text[slice(*self._trimmed(text, *span))]
        return piece == self._content[id_] or self._normalised(piece) == self._normalised(self._content[id_])

    @staticmethod
    def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
        piece = text[start:end]
        return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())

    def encode(self, pieces: Pieces, shield: Shield) -> list[tuple[int, bool]]:
        """Encode a text that was rendered behind a shield: ids, each with whether the assistant's piece begins it."""
        self._twin = self._twin or self._made_twin()
        text, mine = "", bytearray()
        for piece, inside in self._respelled(pieces, shield):
            text += piece
            mine += bytes([inside]) * len(piece)
        encoded = self._twin.encode(text, add_special_tokens=False)
        firsts = (first for first, _ in encoded.offsets)
        return [(id_, first < len(mine) and bool(mine[first])) for id_, first in zip(encoded.ids, firsts, strict=True)]

    def _respelled(self, pieces: Pieces, shield: Shield) -> Iterator[tuple[str, bool]]:
        """The pieces with the template's own control tokens in the twin's spelling, and the texts of the rows."""
        marks = [inside for piece, inside in pieces for _ in piece]
        text = "".join(piece for piece, _ in pieces)
        encoded = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        at = 0
        for id_, span in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
            if id_ in self.all and self._is(id_, text, span):
                yield from ((shield.put_back(text[one]), marks[one]) for one in range(at, span[0]))
                yield self._spelling(id_), marks[span[0]]
                at = span[1]
        yield from ((shield.put_back(text[one]), marks[one]) for one in range(at, len(text)))

    def _spelling(self, id_: int) -> str:
        return chr(_SPELLINGS + list(self._content).index(id_))

    def _made_twin(self) -> Tokenizer:
        """The twin. Raises ModelError where the tokenizer's own file does not say all that it does."""
        from tokenizers import Tokenizer

        spelling = {content: self._spelling(id_) for id_, content in self._content.items()}
        document = json.loads(self.tokenizer.backend_tokenizer.to_str())
        twin = Tokenizer.from_str(json.dumps(_respelled_document(document, spelling)))
        kept = {spelling.get(token, token): id_ for token, id_ in self.tokenizer.backend_tokenizer.get_vocab().items()}
        if twin.get_vocab() != kept:
            raise ModelError("base: the tokenizer cannot keep the spelling of a control token apart from the token")
        return twin


@dataclass(frozen=True)
class Shield:
    """Texts of a row with placeholders for the control tokens that they spell, and what each stands for."""

    texts: Sequence[str]
    stands_for: Mapping[str, str]

    def put_back(self, text: str) -> str:
        """A text with what its placeholders stand for."""
        return "".join(self.stands_for.get(character, character) for character in text)


def shielded(texts: Sequence[str], spelled: Callable[[str], Sequence[tuple[int, int]]]) -> Shield:
    """Put a character of private use in the place of each control token that texts spell.

    Raises ModelError for texts that hold such characters themselves, or spell more control tokens than there are.
    """
    stands_for: dict[str, str] = {}
    replaced = []
    for text in texts:
        parts, at = [], 0
        for start, end in spelled(text):
            placeholder = chr(_PLACEHOLDERS + len(stands_for))
            stands_for[placeholder] = text[start:end]
            parts += [text[at:start], placeholder]
            at = end
        replaced.append("".join([*parts, text[at:]]))
    if stands_for and (len(stands_for) > _END - _PLACEHOLDERS or any(ord(c) >= _SPELLINGS for t in texts for c in t)):
        raise ModelError("it spells control tokens beside characters of private use, which cannot be kept apart")
    return Shield(replaced, stands_for)


def _respelled_document(document: dict[str, Any], spelling: Mapping[str, str]) -> dict[str, Any]:
    """A tokenizer's JSON with other spellings of some tokens, which nothing but these spellings is read as."""
    model = document["model"]
    added = [
        {**token, "content": spelling[token["content"]], "normalized": False, "lstrip": False, "rstrip": False,
         "single_word": False} if token["content"] in spelling else token
        for token in document["added_tokens"]
    ]  # fmt: skip
    vocabulary: Any = model["vocab"]
    if isinstance(vocabulary, dict):
        vocabulary = {spelling.get(token, token): id_ for token, id_ in vocabulary.items()}
    else:  # of Unigram: pairs with scores
        vocabulary = [[spelling.get(token, token), score] for token, score in vocabulary]
    changed = {"vocab": vocabulary}
    if "merges" in model:
        changed["merges"] = [merge for merge in model["merges"] if not _spells(merge, spelling)]
    if isinstance(model.get("unk_token"), str):
        changed["unk_token"] = spelling.get(model["unk_token"], model["unk_token"])
    return document | {"truncation": None, "padding": None, "added_tokens": added, "model": model | changed}


def _spells(merge: str | Sequence[str], spelling: Mapping[str, str]) -> bool:
    """Whether a merge takes or makes a token that is spelled otherwise now."""
    parts = merge.split(" ") if isinstance(merge, str) else list(merge)
    return any(token in spelling for token in (*parts, "".join(parts)))
