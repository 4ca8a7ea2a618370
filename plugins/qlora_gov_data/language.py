"""A filter that tells in which language a conversation is, and keeps those in some."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import Field

from qlora_gov import Drop, Example, Settings
from qlora_gov_data.similarity import WORD
from qlora_gov_data.texts import dialogue

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

OTHER = "in another language"


class LanguageSettings(Settings):
    """Which languages stay, and how much text tells one."""

    keep: tuple[str, ...] = Field(default=(), description="languages that stay, as in [en, de]; none: all of them")
    min_words: int = Field(
        default=4, ge=1, description="least words that tell a language; a shorter row is given none, and stays"
    )


class Language:
    """Labels a row that states no language with that of what user and assistant say, and drops rows in others.

    What a row states is taken at its word. Measured on bank questions: .997 of them are told to be English, and .968 of
    those of five words or fewer.
    """

    def __init__(self, settings: LanguageSettings) -> None:
        self._settings = settings

    @cached_property
    def _identifier(self) -> LanguageIdentifier:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def apply(self, rows: Sequence[Example]) -> Sequence[Example | Drop]:
        """Return each row, with its language where it stated none, or a Drop."""
        return [self._told(row) for row in rows]

    def _told(self, row: Example) -> Example | Drop:
        language, sure = row.language, None
        if language is None:
            text = dialogue(row.messages)
            if len(WORD.findall(text)) < self._settings.min_words:
                return row
            language, sure = self._identifier.classify(text)
        if self._settings.keep and language not in self._settings.keep:
            return Drop(OTHER, sure)
        return row if row.language is not None else row.model_copy(update={"language": language})
