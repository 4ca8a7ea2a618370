"""Guardrails: detectors of personal data and of toxicity, each with what it covers and what it misses.

What a spec says it covers, its detector finds at every setting that it allows; what it misses is said as plainly,
for a card must not let "no findings" stand for "nothing there".
"""

from __future__ import annotations

from qlora_gov import Coverage, GuardrailSpec, hookimpl
from qlora_gov_guardrails.lexical import KIND, LexicalScreen, LexicalSettings
from qlora_gov_guardrails.measured import lexical_figures, pattern_figures
from qlora_gov_guardrails.pii import Pii, PiiNer, PiiNerSettings, PiiSettings
from qlora_gov_guardrails.toxicity import Toxicity, ToxicitySettings

PATTERNS = (
    "CREDIT_CARD",
    "CRYPTO",
    "DATE_TIME",
    "EMAIL_ADDRESS",
    "IBAN_CODE",
    "IP_ADDRESS",
    "MAC_ADDRESS",
    "MEDICAL_LICENSE",
    "PHONE_NUMBER",
    "UK_NHS",
    "URL",
    "US_ITIN",
    "US_SSN",
    "UUID",
)

DATES = "DATE_TIME"

UNPATTERNED = (
    "street addresses and postcodes",
    "organisations",
    "dates in words, ages",
    "account numbers other than IBANs, and cards whose check digit is wrong",
    "nearly half of telephone numbers, by their format",
    "driving licences, passports, and identity numbers outside the US and UK",
    "user names and passwords",
)

NO_NAMES = ("names of persons", "names of places")
FEW_NAMES = ("with a small English model more than a third of persons and half of places",)

BARE_HOSTS = (
    "web addresses without scheme, path and www. under a suffix that may be a word or a file's type, as .it or .py"
)
DISGUISED = (
    "cards and IBANs joined to other letters or in groups of other lengths, mail addresses spelled out without brackets"
)
FIRST_CARDS = "many cards: Mastercard from 2221 on, Visa of 19 digits, Maestro of 12"
ALL_DATES = "dates: they do not count unless 'dates' is set"


def _patterns(settings: PiiSettings, names: tuple[str, ...], more: tuple[str, ...]) -> Coverage:
    """What the recognisers of some settings cover, with or without a model of names."""
    first = settings.recognisers == 1
    kinds = PATTERNS if first or settings.dates else tuple(kind for kind in PATTERNS if kind != DATES)
    unpatterned = (*UNPATTERNED, FIRST_CARDS) if first else (*UNPATTERNED, BARE_HOSTS, DISGUISED)
    dates = () if DATES in kinds else (ALL_DATES,)
    measured = pattern_figures(settings.recognisers, settings.dates, without=NAMED if more else ())
    return Coverage((*kinds, *more), (*names, *unpatterned, *dates), measured)


NAMED = ("PERSON", "GPE", "STREET_ADDRESS")


def _by_patterns(settings: PiiSettings) -> Coverage:
    return _patterns(settings, NO_NAMES, ())


def _with_names(settings: PiiNerSettings) -> Coverage:
    return _patterns(settings, FEW_NAMES, ("PERSON", "LOCATION"))


def _lexical(settings: LexicalSettings) -> Coverage:
    return Coverage(TOXICITY_LEXICAL.covers, TOXICITY_LEXICAL.misses, lexical_figures(settings.threshold))


SECOND_RECOGNISERS = {2: {"recognisers": 2}}

PII = GuardrailSpec(
    name="pii",
    summary="personal data with a form of its own, by presidio's patterns; no names, no addresses",
    factory=Pii,
    config=PiiSettings,
    requires=("presidio_analyzer",),
    extra="guardrails",
    covers=PATTERNS,
    misses=(*NO_NAMES, *UNPATTERNED),
    stated=_by_patterns,
    from_schema=SECOND_RECOGNISERS,
)

PII_NER = GuardrailSpec(
    name="pii_ner",
    summary="personal data by presidio's patterns, and names of persons and places by a spaCy model",
    factory=PiiNer,
    config=PiiNerSettings,
    requires=("presidio_analyzer", "spacy"),
    extra="guardrails",
    covers=(*PATTERNS, "PERSON", "LOCATION"),
    misses=(*FEW_NAMES, *UNPATTERNED),
    stated=_with_names,
    from_schema=SECOND_RECOGNISERS,
)

TOXICITY = GuardrailSpec(
    name="toxicity",
    summary="toxicity, by a Detoxify checkpoint",
    factory=Toxicity,
    config=ToxicitySettings,
    requires=("detoxify",),
    extra="guardrails",
    covers=("toxicity",),
    also=("*",),  # every label of the checkpoint is a kind
    misses=(
        "kinds that the checkpoint has no label for",
        "contempt and hate in polite words, irony, code words",
        "languages that the checkpoint was not trained on",
    ),
)

TOXICITY_LEXICAL = GuardrailSpec(
    name="toxicity_lexical",
    summary="a lexical screen for rude words, by alt-profanity-check; not a toxicity classifier",
    factory=LexicalScreen,
    config=LexicalSettings,
    requires=("profanity_check",),
    extra="guardrails",
    covers=(KIND,),
    misses=(
        "more than half of what people call toxic",
        "threats, contempt and hate without rude words",
        "rude words misspelt on purpose",
        "languages other than English",
    ),
    stated=_lexical,
)


@hookimpl
def qlora_gov_guardrails() -> list[GuardrailSpec]:
    """Personal data by patterns or with names, toxicity by Detoxify or by a lexical screen."""
    return [PII, PII_NER, TOXICITY, TOXICITY_LEXICAL]
