"""Guardrails: detectors of personal data and of toxicity, each with what it covers and what it misses.

What a spec says it covers, its detector finds at every setting that it allows; what it misses is said as plainly,
for a card must not let "no findings" stand for "nothing there".
"""

from __future__ import annotations

from qlora_gov import GuardrailSpec, hookimpl
from qlora_gov_guardrails.lexical import KIND, LexicalScreen, LexicalSettings
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

UNPATTERNED = (
    "street addresses and postcodes",
    "organisations",
    "dates in words, ages",
    "account numbers other than IBANs, and cards whose check digit is wrong",
    "nearly half of telephone numbers, by their format",
    "driving licences, passports, and identity numbers outside the US and UK",
    "user names and passwords",
)

PII = GuardrailSpec(
    name="pii",
    summary="personal data with a form of its own, by presidio's patterns; no names, no addresses",
    factory=Pii,
    config=PiiSettings,
    requires=("presidio_analyzer",),
    extra="guardrails",
    covers=PATTERNS,
    misses=("names of persons", "names of places", *UNPATTERNED),
)

PII_NER = GuardrailSpec(
    name="pii_ner",
    summary="personal data by presidio's patterns, and names of persons and places by a spaCy model",
    factory=PiiNer,
    config=PiiNerSettings,
    requires=("presidio_analyzer", "spacy"),
    extra="guardrails",
    covers=(*PATTERNS, "PERSON", "LOCATION"),
    misses=("with a small English model more than a third of persons and half of places", *UNPATTERNED),
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
)


@hookimpl
def qlora_gov_guardrails() -> list[GuardrailSpec]:
    """Personal data by patterns or with names, toxicity by Detoxify or by a lexical screen."""
    return [PII, PII_NER, TOXICITY, TOXICITY_LEXICAL]
