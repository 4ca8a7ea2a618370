"""A guardrail's findings, held against the texts that they are in."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qlora_gov.plugin.specs import Finding, Guardrail


def detect_all(guardrail: Guardrail, texts: Sequence[str]) -> list[list[Finding]]:
    """A guardrail's findings, one list for each text. A text that it passed over must not count as clean.

    Raises ValueError where there is not a list for each text, a span is not within it, or a score is not finite.
    """
    found = [list(findings) for findings in guardrail.detect(texts)]
    if len(found) != len(texts):
        raise ValueError(f"{len(found)} lists of findings were returned for {len(texts)} texts")
    for text, findings in zip(texts, found, strict=True):
        for finding in findings:
            if not (0 <= finding.start <= finding.end <= len(text) and math.isfinite(finding.score)):
                raise ValueError(f"{finding} does not lie within a text of {len(text)} characters")
    return found
