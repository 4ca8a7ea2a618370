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
        """Look at every text of every row. Raises PluginError where the detector fails, naming the row."""
        first: dict[str, Example] = {}  # each text once: many rows share a system turn or an answer
        for row in rows:
            for text in row.texts:
                first.setdefault(text, row)
        texts = list(first)
        try:
            found = dict(zip(texts, detect_all(self.guardrail, texts, self.kinds, self.name), strict=True))
        except DetectorError as fault:
            where = "" if fault.text is None else f", in {first[texts[fault.text]].source}"
            raise PluginError(f"{self.name} {fault}{where}") from fault
        act = RECORDED[self.action]
        looked = [(row, [found[text] for text in row.texts]) for row in rows]
        return [act(row, findings) if any(findings) else row for row, findings in looked]
