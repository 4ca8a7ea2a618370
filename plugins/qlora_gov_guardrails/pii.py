"""Personal data, by presidio-analyzer: from patterns alone, or from patterns and a spaCy model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from qlora_gov import DataError, Finding, ProjectDirectory, Settings
from qlora_gov_guardrails.readings import Reading, readings_of

if TYPE_CHECKING:
    from presidio_analyzer import BatchAnalyzerEngine

BATCH = 64
LONGEST = 100_000  # characters of one text; spaCy takes about 4 kB of memory for each


class PiiSettings(Settings):
    """``threshold``: the least score that is a finding.

    Above 0.4 no telephone number would be found, which the detector says it covers. Far below, any run of digits is a
    bank account.

    ``recognisers`` is the set of them that looks. The first is presidio's own, by which a full stop without a space
    after it can be a web address, and many ranges of cards none. The second, which projects of schema 2 have unless
    they say otherwise, has recognisers of cards and addresses of our own; by it ``dates`` count only where that is set.
    """

    threshold: float = Field(default=0.4, gt=0, le=0.4, description="least score that is a finding")
    recognisers: Literal[1, 2] = Field(
        default=1, description="1: presidio's; 2: our own of cards and addresses, the default from schema 2 on"
    )
    dates: bool = Field(default=False, description="whether dates count; by the first recognisers they do in any case")


class PiiNerSettings(PiiSettings):
    """A spaCy model: an installed ``package``, or a ``directory`` beside the project file, recorded by its digest."""

    package: str | None = Field(default=None, description="an installed spaCy model")
    directory: ProjectDirectory | None = Field(default=None, description="or one in a directory")

    @model_validator(mode="after")
    def _one_model(self) -> PiiNerSettings:
        if (self.package is None) == (self.directory is None):
            raise ValueError("set either package or directory, the spaCy model that finds names and places")
        return self

    @property
    def model(self) -> str:
        """The model's name or path, as spaCy takes it."""
        return str(self.package or self.directory)


class Pii:
    """Identifiers with a form of their own: numbers with check digits, addresses of mail, web and machines.

    It has no idea of names. By the first recognisers a finding may lie within another one: an e-mail address holds a
    domain. By the second it may not.
    """

    def __init__(self, settings: PiiSettings) -> None:
        self._settings = settings

    @cached_property
    def _analyzer(self) -> BatchAnalyzerEngine:
        from qlora_gov_guardrails.presidio import pattern_analyzer

        return pattern_analyzer(self._settings.recognisers, self._settings.dates)

    def detect(self, texts: Sequence[str]) -> list[list[Finding]]:
        """The findings of each text by their place, with kinds as presidio names them."""
        return self._found(texts) if self._settings.recognisers == 1 else self._read(texts)

    def _found(self, texts: Sequence[str]) -> list[list[Finding]]:
        results = self._analyzer.analyze_iterator(
            texts, "en", batch_size=BATCH, score_threshold=self._settings.threshold
        )
        return [
            sorted(
                (Finding(result.entity_type, result.score, result.start, result.end) for result in found),
                key=lambda finding: (finding.start, finding.end, finding.kind),
            )
            for found in results
        ]

    def _read(self, texts: Sequence[str]) -> list[list[Finding]]:
        """What any reading of a text shows, by its place in the text as it stands."""
        readings = [readings_of(text) for text in texts]
        found = iter(self._found([one.text for of_text in readings for one in of_text]))
        return [
            _outermost([_placed(finding, one) for one in of_text for finding in next(found)]) for of_text in readings
        ]


def _placed(finding: Finding, reading: Reading) -> Finding:
    return Finding(finding.kind, finding.score, *reading.span(finding.start, finding.end))


def _outermost(findings: Sequence[Finding]) -> list[Finding]:
    """Without what lies within another finding: part of an identifier is none. Of two in one place, the surer counts.

    Findings that only overlap both stay.
    """
    kept: list[Finding] = []
    for finding in sorted(findings, key=lambda f: (f.start, -f.end, -f.score, f.kind)):
        if not kept or finding.end > max(one.end for one in kept):
            kept.append(finding)
    return kept


class PiiNer(Pii):
    """What :class:`Pii` finds, and the names of persons and places that a spaCy model finds.

    Only persons and places count from the model: its organisations and dates flag one bank query in six.
    """

    def __init__(self, settings: PiiNerSettings) -> None:
        super().__init__(settings)
        self._model = settings.model

    @cached_property
    def _analyzer(self) -> BatchAnalyzerEngine:
        from qlora_gov_guardrails.presidio import ner_analyzer

        return ner_analyzer(self._model, self._settings.recognisers, self._settings.dates)

    def detect(self, texts: Sequence[str]) -> list[list[Finding]]:
        """As :meth:`Pii.detect`. Raises DataError for a text that is too long for a language model."""
        longest = max(map(len, texts), default=0)
        if longest > LONGEST:
            raise DataError(
                f"a text of {longest} characters is too long to look for names in; at most {LONGEST} will do"
            )
        return super().detect(texts)
