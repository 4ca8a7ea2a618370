"""Building presidio's analyzers, so that they fetch nothing and say what they are."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import spacy
from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine, EntityRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpEngine, NoOpNlpEngine, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    CryptoRecognizer,
    DateRecognizer,
    EmailRecognizer,
    MacAddressRecognizer,
    MedicalLicenseRecognizer,
    NhsRecognizer,
    PhoneRecognizer,
    SpacyRecognizer,
    UsItinRecognizer,
    UsSsnRecognizer,
    UuidRecognizer,
)
from tldextract import TLDExtract

from qlora_gov import ModelError
from qlora_gov_guardrails.spans import own_recognizers

LANGUAGE = "en"
NAMES = {"PERSON": "PERSON", "PER": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "LOCATION": "LOCATION"}
"""The labels that count from a spaCy model, as presidio calls them."""

# The list of public suffixes that ships with tldextract; by default it fetches a newer one, or reads what another
# program cached.
_domain_of = TLDExtract(cache_dir=None, suffix_list_urls=())


class SnapshotEmailRecognizer(EmailRecognizer):  # type: ignore[misc]  # presidio has no types for mypy to see
    """An e-mail recognizer that checks domains against the shipped list, whatever the network or the cache."""

    def validate_result(self, pattern_text: str) -> bool:
        """Whether the match ends in a registered domain."""
        return bool(_domain_of(pattern_text).fqdn)


_KEPT = (
    CryptoRecognizer,
    MacAddressRecognizer,
    MedicalLicenseRecognizer,
    NhsRecognizer,
    PhoneRecognizer,
    UsItinRecognizer,
    UsSsnRecognizer,
    UuidRecognizer,
)
"""Of presidio's recognizers those that the second set keeps; its other kinds have recognizers of our own."""


def pattern_analyzer(recognisers: int, dates: bool) -> BatchAnalyzerEngine:
    """An analyzer of patterns and check digits alone, without a language model; see ``PiiSettings``."""
    engine = NoOpNlpEngine([{"lang_code": LANGUAGE, "model_name": "no_op"}])
    engine.load()
    return _analyzer(engine, _registry(recognisers, dates))


def ner_analyzer(model: str, recognisers: int, dates: bool) -> BatchAnalyzerEngine:
    """The same with persons and places from a spaCy model, by package name or directory.

    Raises ModelError where there is no such model (presidio would try to download it), or one that knows no names.
    """
    if not (spacy.util.is_package(model) or Path(model).is_dir()):
        raise ModelError(f"no spaCy model named {model!r} is installed, nor is it a directory")
    mapping = NerModelConfiguration(model_to_presidio_entity_mapping=NAMES)
    engine = SpacyNlpEngine([{"lang_code": LANGUAGE, "model_name": model}], mapping)
    try:
        engine.load()
    except (OSError, ValueError) as error:
        raise ModelError(f"{model}: not a spaCy model: {' '.join(str(error).split())}") from error
    labels = {label for labels in engine.nlp[LANGUAGE].pipe_labels.values() for label in labels}
    if not labels & NAMES.keys():
        raise ModelError(f"{model}: a spaCy model that marks none of {', '.join(NAMES)}")
    mapping.labels_to_ignore = sorted(labels - NAMES.keys())
    registry = _registry(recognisers, dates)
    registry.add_recognizer(SpacyRecognizer(LANGUAGE, sorted(set(NAMES.values()))))
    return _analyzer(engine, registry)


def _analyzer(engine: NlpEngine, registry: RecognizerRegistry) -> BatchAnalyzerEngine:
    return BatchAnalyzerEngine(AnalyzerEngine(registry, engine, supported_languages=[LANGUAGE]))


def _registry(recognisers: int, dates: bool) -> RecognizerRegistry:
    return _first() if recognisers == 1 else _second(dates)


def _first() -> RecognizerRegistry:
    """What presidio has for English, as the first version used it; what is on record was found by it."""
    registry = RecognizerRegistry(supported_languages=[LANGUAGE])
    with _without_warnings():
        registry.load_predefined_recognizers([LANGUAGE])
    registry.remove_recognizer("SpacyRecognizer")
    registry.remove_recognizer("EmailRecognizer")
    registry.add_recognizer(SnapshotEmailRecognizer())
    return registry


def _second(dates: bool) -> RecognizerRegistry:
    """Exactly the kinds that are said to be covered, whatever another version of presidio has by default."""
    kept: list[EntityRecognizer] = [one(supported_language=LANGUAGE) for one in _KEPT]
    more = [DateRecognizer(supported_language=LANGUAGE)] if dates else []
    return RecognizerRegistry([*kept, *more, *own_recognizers()], supported_languages=[LANGUAGE])


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Loading English recognizers, presidio logs a warning for each one of another language."""
    logger = logging.getLogger("presidio-analyzer")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
