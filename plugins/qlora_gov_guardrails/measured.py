"""What these detectors were seen to find and to flag on public texts; ``benchmarks/detectors.py`` measures it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qlora_gov import DetectorFigure

PERSONAL = "presidio-research synth_dataset_v2, its first 750 texts"
BANK = "banking77"
HATE = "HateCheck"
COMMENTS = "half A of Surge AI's toxic comments"

SPANS: Mapping[str, int] = {
    "PERSON": 431,
    "STREET_ADDRESS": 275,
    "GPE": 195,
    "ORGANIZATION": 116,
    "CREDIT_CARD": 71,
    "DATE_TIME": 66,
    "PHONE_NUMBER": 49,
    "TITLE": 45,
    "AGE": 35,
    "EMAIL_ADDRESS": 25,
    "NRP": 24,
    "ZIP_CODE": 21,
    "DOMAIN_NAME": 20,
    "IBAN_CODE": 11,
    "US_SSN": 9,
    "IP_ADDRESS": 6,
    "US_DRIVER_LICENSE": 3,
}
"""How many there are of each kind, as the texts' authors name it; GPE: a country or town, NRP: a nationality or so."""

_SAME = {"PHONE_NUMBER": 26, "EMAIL_ADDRESS": 25, "DOMAIN_NAME": 20, "IBAN_CODE": 11, "US_SSN": 9, "IP_ADDRESS": 6}
_FOUND: Mapping[int, Mapping[str, int]] = {
    1: {**_SAME, "CREDIT_CARD": 55, "DATE_TIME": 29},
    2: {**_SAME, "CREDIT_CARD": 71},
}
_DATES = 29
_QUESTIONS = 13_083
_ALARMS = {1: 13, 2: 0}

_RUDE = {  # threshold: hateful of HateCheck, not hateful, toxic comments, others
    0.5: (997, 535, 110, 11),
    0.6: (883, 479, 100, 10),
    0.7: (772, 426, 93, 10),
    0.8: (629, 366, 79, 5),
    0.9: (479, 270, 64, 5),
}
_LABELLED = (
    ("hateful texts", True, 2563, HATE),
    ("texts that are not hateful", False, 1165, HATE),
    ("toxic comments", True, 255, COMMENTS),
    ("comments that are not toxic", False, 245, COMMENTS),
)


def pattern_figures(recognisers: int, dates: bool, without: Iterable[str] = ()) -> tuple[DetectorFigure, ...]:
    """What a set of recognisers finds of each kind, but for some that another part of a detector looks for."""
    found = dict(_FOUND[recognisers])
    if dates:
        found["DATE_TIME"] = _DATES
    return (
        *(
            DetectorFigure(what=kind, wanted=True, flagged=found.get(kind, 0), of=count, texts=PERSONAL)
            for kind, count in SPANS.items()
            if kind not in without
        ),
        DetectorFigure(
            what="questions of bank customers", wanted=False, flagged=_ALARMS[recognisers], of=_QUESTIONS, texts=BANK
        ),
    )


def lexical_figures(threshold: float) -> tuple[DetectorFigure, ...]:
    """What the lexical screen flags at the highest threshold that was measured and is not above this one."""
    at = max((one for one in _RUDE if one <= threshold), default=min(_RUDE))
    return tuple(
        DetectorFigure(what=what, wanted=wanted, flagged=flagged, of=count, texts=texts, at=f"threshold {at}")
        for flagged, (what, wanted, count, texts) in zip(_RUDE[at], _LABELLED, strict=True)
    )
