"""A guardrail as a step of curation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from qlora_gov.errors import PluginError
from qlora_gov.guardrails.detect import detect
from qlora_gov.guardrails.redact import redact
from qlora_gov.plugin.specs import Drop, Finding, Guardrail
from qlora_gov.records.example import Example, Message


class GuardrailFilter:
    """A guardrail used as a curation step: drops rows that it flags, or redacts what it found in them."""

    def __init__(self, guardrail: Guardrail, name: str, action: Literal["drop", "redact"]) -> None:
        self.guardrail = guardrail
        self.name = name
        self.action = action

    def apply(self, examples: Sequence[Example], held_out: Sequence[Example]) -> Sequence[Example | Drop]:
        """Look at every turn of every example. Raises PluginError where the findings do not fit the texts."""
        texts = [message.content for example in examples for message in example.messages]
        try:
            found = iter(detect(self.guardrail, texts))
        except ValueError as error:
            raise PluginError(f"{self.name}: {error}") from error
        return [self._judge(example, [next(found) for _ in example.messages]) for example in examples]

    def _judge(self, example: Example, findings: Sequence[Sequence[Finding]]) -> Example | Drop:
        kinds = sorted({finding.kind for turn in findings for finding in turn})
        if not kinds:
            return example
        if self.action == "drop":
            return Drop(", ".join(kinds))
        return example.with_messages(
            tuple(
                Message(role=message.role, content=redact(message.content, turn))
                for message, turn in zip(example.messages, findings, strict=True)
            )
        )
