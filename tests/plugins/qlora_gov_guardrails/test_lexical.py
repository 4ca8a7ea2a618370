"""The lexical screen, measured on comments that its authors had no part in."""

from __future__ import annotations

import csv

import pytest

from qlora_gov_guardrails import TOXICITY_LEXICAL
from qlora_gov_guardrails.lexical import LexicalScreen, LexicalSettings


@pytest.fixture(scope="module")
def screen():
    return LexicalScreen(LexicalSettings())


def test_a_rude_text_is_one_finding_over_all_of_it(screen):
    rude = "You are a stupid idiot."
    found = screen.detect(["", "Please open the app.", rude])
    assert found[:2] == [[], []]
    [finding] = found[2]
    assert (finding.kind, finding.start, finding.end) == ("lexical-toxicity", 0, len(rude))
    assert (finding.kind,) == TOXICITY_LEXICAL.covers
    assert 0.5 <= finding.score <= 1
    assert screen.detect([]) == []


def test_the_threshold_is_a_setting():
    texts = ["What a shitty fee.", "Please open the app."]
    scores = [found[0].score for found in LexicalScreen(LexicalSettings(threshold=1e-9)).detect(texts)]
    between = LexicalScreen(LexicalSettings(threshold=sum(scores) / 2)).detect(texts)
    assert [len(found) for found in between] == [1, 0]


def test_what_it_is_said_to_miss_it_misses(screen):
    assert screen.detect(["People like you should not be allowed to live.", "sh1t on your b4nk"]) == [[], []]


def test_recall_and_false_alarms_on_public_comments(screen, public_data, capsys):
    with public_data("surge_toxicity/toxicity_en_half_a.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    flagged = [bool(found) for found in screen.detect([row["text"] for row in rows])]
    rate = {
        label: [flag for flag, row in zip(flagged, rows, strict=True) if row["is_toxic"] == label]
        for label in ("Toxic", "Not Toxic")
    }
    recall, false_alarms = (sum(flags) / len(flags) for flags in rate.values())
    with capsys.disabled():
        print(f"\ntoxicity_lexical: recall {recall:.2f}, false alarms {false_alarms:.2f} of {len(rows)} comments")  # noqa: T201
    assert 0.35 < recall < 0.5  # the spec says "more than half" are missed; a better screen deserves better words
    assert false_alarms < 0.07


def test_false_alarms_on_bank_queries(screen, bank_queries):
    assert sum(map(bool, screen.detect(bank_queries))) <= 0.01 * len(bank_queries)
