"""What specs say was measured is what the benchmark measures on the same texts."""

from __future__ import annotations

import importlib
import sys

import pytest

from qlora_gov_guardrails import PII, PII_NER, TOXICITY_LEXICAL
from qlora_gov_guardrails.lexical import LexicalScreen, LexicalSettings
from qlora_gov_guardrails.measured import BANK, COMMENTS, HATE, PERSONAL
from qlora_gov_guardrails.pii import Pii, PiiSettings
from tests.conftest import ROOT

PII_SETTINGS = [{}, {"recognisers": 2}, {"recognisers": 2, "dates": True}]


@pytest.fixture
def benchmark(public_data, monkeypatch):
    """The benchmark's functions and its texts."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.setenv("QLORA_GOV_DATA", str(public_data("banking77/train.csv").parents[1]))
    yield importlib.import_module("detectors"), importlib.import_module("detector_texts")
    for name in ("detectors", "detector_texts"):
        sys.modules.pop(name, None)


def stated(coverage) -> dict[tuple[str, str], tuple[int, int]]:
    return {(one.texts, one.what): (one.flagged, one.of) for one in coverage.measured}


@pytest.mark.parametrize("values", PII_SETTINGS)
def test_personal_data(benchmark, values) -> None:
    detectors, texts = benchmark
    settings = PiiSettings(**values)
    hits, spans, _ = detectors.recall(Pii(settings), texts.personal())
    expected = {(PERSONAL, kind): (hits[kind], count) for kind, count in spans.items()}
    questions = texts.bank_questions()
    expected[BANK, "questions of bank customers"] = (detectors.flagged(Pii(settings), questions), len(questions))
    assert stated(PII.coverage(settings)) == expected


@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_rude_words(benchmark, threshold) -> None:
    detectors, texts = benchmark
    settings = LexicalSettings(threshold=threshold)
    screen = LexicalScreen(settings)
    sides = [*texts.hate().values(), *texts.comments().values()]
    found = [(detectors.flagged(screen, side), len(side)) for side in sides]
    assert list(stated(TOXICITY_LEXICAL.coverage(settings)).values()) == found
    assert {one.texts for one in TOXICITY_LEXICAL.coverage(settings).measured} == {HATE, COMMENTS}


@pytest.mark.parametrize(("threshold", "said"), [(0.85, 0.8), (1.0, 0.9), (0.2, 0.5)])
def test_between_thresholds_the_one_below_speaks(threshold, said) -> None:
    coverage = TOXICITY_LEXICAL.coverage(LexicalSettings(threshold=threshold))
    assert {one.at for one in coverage.measured} == {f"threshold {said}"}


def test_of_names_a_model_finds_nothing_is_stated_for_the_patterns() -> None:
    assert PII_NER.stated is not None
    kinds = {one.what for one in PII_NER.stated(PiiSettings(recognisers=2)).measured}
    assert "ORGANIZATION" in kinds
    assert not {"PERSON", "GPE", "STREET_ADDRESS"} & kinds


def test_no_public_text_is_damaged_by_a_redaction(benchmark) -> None:
    detectors, texts = benchmark
    some = detectors.some(dict.fromkeys(texts.everything()), 4000)
    first, second = Pii(PiiSettings()), Pii(PiiSettings(recognisers=2))
    cut_before, cut = detectors.damaged(some, first, second)
    assert cut == 0 < cut_before


@pytest.mark.parametrize(
    ("text", "redacted", "cut"),
    [
        ("I paid.No reply", "I [URL] reply", False),
        ("reset it.Thanks", "reset [URL]anks", True),
        ("reset it.Thanks", "reset [URL_1]", False),
        ("xit.Th a", "x[URL] a", True),
        ("a b", "a b", False),
    ],
)
def test_the_benchmark_sees_a_word_that_was_cut(benchmark, text, redacted, cut) -> None:
    assert benchmark[0].cut_words(text, redacted) is cut
