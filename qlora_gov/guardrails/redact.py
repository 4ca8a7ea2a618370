"""Text with what a detector found in it taken out."""

from __future__ import annotations

from collections.abc import Iterable

from qlora_gov.plugin.specs import Finding


def redact_spans(text: str, findings: Iterable[Finding]) -> str:
    """Replace every span by its kind in brackets; overlapping spans become one, under the kind that begins first."""
    parts, at = [], 0
    for finding in sorted(findings, key=lambda f: (f.start, -f.end, f.kind)):
        if finding.start >= at:
            parts += [text[at : finding.start], f"[{finding.kind}]"]
        at = max(at, finding.end)
    return "".join([*parts, text[at:]])
