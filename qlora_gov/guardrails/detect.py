"""A guardrail's findings, held against the texts that they are in and the kinds that it declares."""

from __future__ import annotations

import operator
from collections.abc import Collection, Sequence

from qlora_gov.plugin.calls import ForeignError, culprit, plugin_code
from qlora_gov.plugin.specs import ANY, Finding, Guardrail
from qlora_gov.text import one_line

_ROUNDING = 1e-6  # a probability in 32 bits may stand a little above 1


class DetectorError(Exception):
    """What a detector did wrong, as a verb and what follows it, and the number of the text, where it is one alone."""

    def __init__(self, said: str, text: int | None = None) -> None:
        super().__init__(said)
        self.text = text


def detect_all(guardrail: Guardrail, texts: Sequence[str], kinds: Collection[str], name: str) -> list[list[Finding]]:
    """A guardrail's findings, one list for each text. A text that it passed over must not count as clean.

    ``kinds`` are those that it declares, ``name`` what to call it.

    Raises:
        DetectorError: it raised, did not give a list for each text, changed what it was given, or gave a finding that
            has no declared kind, no score from 0 to 1 or no span within its text.
        GovError: it raised one.
    """
    found = _detected(guardrail, texts, name)
    if len(found) != len(texts):
        raise DetectorError(f"returned {len(found)} lists of findings for {len(texts)} texts")
    return [
        [_checked(finding, text, kinds, at) for finding in findings]
        for at, (text, findings) in enumerate(zip(texts, found, strict=True))
    ]


def _detected(guardrail: Guardrail, texts: Sequence[str], name: str) -> list[list[Finding]]:
    given = list(texts)
    try:
        with plugin_code(name):
            found = [list(findings) for findings in guardrail.detect(given)]
    except ForeignError as error:
        raise DetectorError(f"raised {error}", _culprit(guardrail, texts, error, name)) from error
    if given != list(texts):
        raise DetectorError("changed the texts that it was given")
    return found


def _culprit(guardrail: Guardrail, texts: Sequence[str], error: ForeignError, name: str) -> int | None:
    def fails(part: Sequence[int]) -> bool:
        try:
            with plugin_code(name):
                list(map(list, guardrail.detect([texts[at] for at in part])))
        except ForeignError as again:
            return again.kind is error.kind
        return False

    return culprit(len(texts), fails)


def _checked(finding: Finding, text: str, kinds: Collection[str], at: int) -> Finding:
    """A finding of plain values, which no detector can change any more."""
    if not isinstance(finding, Finding):
        raise DetectorError(f"returned a {type(finding).__name__}, not a Finding", at)
    try:
        kind, score = finding.kind, float(finding.score)
        start, end = operator.index(finding.start), operator.index(finding.end)
    except (TypeError, ValueError, OverflowError) as error:
        raise DetectorError(f"returned a finding whose score and span are not numbers: {_told(finding)}", at) from error
    if not isinstance(kind, str) or (kind not in kinds and ANY not in kinds):
        declared = ", ".join(sorted(kinds)) or "none"
        raise DetectorError(f"reported the kind {_told(kind)}, which it does not declare; declared: {declared}", at)
    if not 0 <= score <= 1 + _ROUNDING:
        raise DetectorError(f"gave a finding of kind {_told(kind)} the score {score:g}, not one from 0 to 1", at)
    if not 0 <= start <= end <= len(text):
        outside = f"at {start} to {end}, which is not within a text of {len(text)} characters"
        raise DetectorError(f"reported {_told(kind)} {outside}", at)
    return Finding(kind, min(score, 1.0), start, end)


def _told(value: object) -> str:
    return one_line(repr(value))
