"""What a model was given to read, beyond what its base and the rows alone determine."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from qlora_gov.records.record import Frozen

TODAY = date(2024, 7, 26)
"""The day that chat templates are told where a project names none: a day that never moves, whichever it is."""


class Inputs(Frozen):
    """The rows of an evaluation set as the chat template and the tokenizer of one base make them."""

    digest: str = Field(description="columns_id of the tokens that the model is given, row by row")
    today: str | None = Field(default=None, description="the day that the chat template was told, where it asked")
    shielded: int = Field(default=0, description="rows that spell a control token, which was kept as text")
    beyond: int = Field(default=0, description="rows that can take more positions than the base was made for")

    @property
    def plain(self) -> bool:
        """Whether base and rows alone determine the tokens, as all versions of this program made them."""
        return self.today is None and not self.shielded


def same_inputs(one: Inputs | None, other: Inputs | None, *, base: bool) -> bool:
    """Whether answers to two inputs may be compared; ``base`` says that both are of the same base.

    Other bases have templates of their own, which are only to be told the same day. Inputs that are not on record were
    made before any were: they are the same as plain ones, and it is not known which day their template was told.
    """
    if one is None or other is None:
        return all(inputs is None or inputs.plain for inputs in (one, other))
    if base:
        return one.digest == other.digest
    return one.today == other.today or None in (one.today, other.today)
