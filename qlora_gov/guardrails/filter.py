"""A guardrail as a step of curation."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qlora_gov.errors import PluginError, ProjectError
from qlora_gov.guardrails.actions import RECORDED, known_action
from qlora_gov.guardrails.detect import DetectorError, detect_all
from qlora_gov.plugin.specs import Change, Drop, Guardrail
from qlora_gov.records.example import Example


class GuardrailFilter:
    """A guardrail used as a curation step: it acts on the rows in which it finds something, of the kinds it declares.

    ``action`` is one as it is recorded. Raises ProjectError for none, or one that is not known.
    """

    def __init__(self, guardrail: Guardrail, name: str, action: str | None, kinds: Collection[str]) -> None:
        self.guardrail = guardrail
        self.name = name
        self.kinds = kinds
        try:
            self.action: str = action if action is not None and action in RECORDED else known_action(action)
        except ValueError as error:
            raise ProjectError(f"{name}: {error}") from error

    def apply(self, rows: Sequence[Example]) -> Sequence[Example | Change | Drop]:
        """Look at every turn of every row. Raises PluginError where the detector fails, naming the row."""
        turns = [(row, message.content) for row in rows for message in row.messages]
        try:
            found = iter(detect_all(self.guardrail, [text for _, text in turns], self.kinds, self.name))
        except DetectorError as fault:
            where = "" if fault.text is None else f", in {turns[fault.text][0].source}"
            raise PluginError(f"{self.name} {fault}{where}") from fault
        act = RECORDED[self.action]
        looked = [(row, [next(found) for _ in row.messages]) for row in rows]
        return [act(row, findings) if any(findings) else row for row, findings in looked]
