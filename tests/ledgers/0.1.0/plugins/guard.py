"""Finds handles."""

import re

from qlora_gov import Finding, GuardrailSpec, hookimpl


class Handles:
    def detect(self, texts):
        return [[Finding("handle", 1.0, m.start(), m.end()) for m in re.finditer(r"@\w+", text)] for text in texts]


@hookimpl
def qlora_gov_guardrails():
    return [GuardrailSpec(name="handles", summary="handles", factory=Handles, covers=("handle",), misses=("name",))]
