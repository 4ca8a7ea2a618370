"""Rouge-L against rouge-score itself."""

from __future__ import annotations

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from qlora_gov_metrics.rouge import RougeL, RougeLSettings


@pytest.mark.parametrize("stemmer", [False, True])
def test_equals_the_mean_of_rouge_score_over_any_rows(tatqa_rows, stemmer):
    metric = RougeL(RougeLSettings(stemmer=stemmer))
    scorer = RougeScorer(["rougeL"], use_stemmer=stemmer)
    expected = np.array([scorer.score(row.example.reference, row.response)["rougeL"].fmeasure for row in tatqa_rows])
    stats, scored = metric.score(tatqa_rows)
    assert scored.all()
    assert 0.2 < expected.mean() < 0.8  # the rows are neither all alike nor all different
    for part in (slice(None), slice(0, 7), slice(100, 250), slice(None, None, 3)):
        assert metric.aggregate(stats[part].sum(axis=0)) == pytest.approx(expected[part].mean(), abs=1e-9)


def test_the_stemmer_is_a_setting(make_row):
    row = make_row("transferring payments", "transferred payment")
    assert RougeL(RougeLSettings()).score_row(row) == 0
    assert RougeL(RougeLSettings(stemmer=True)).score_row(row) == 1


@pytest.mark.parametrize(
    ("response", "reference", "expected"),
    [
        ("", "an answer", 0),
        ("an answer", "", 0),
        ("", "", 0),
        ("资本有风险", "资本有风险", 0),
        ("Zins 4 €", "zins: 4", 1),
    ],
)
def test_empty_and_foreign_texts(make_row, response, reference, expected):
    assert RougeL(RougeLSettings()).score_row(make_row(response, reference)) == expected


def test_no_response_is_not_scored(make_row):
    stats, scored = RougeL(RougeLSettings()).score([make_row(None, "x"), make_row("x", "x")])
    assert scored.tolist() == [False, True]
    assert stats.shape == (2, 2)


# --- text of other scripts ---

UNICODE = RougeL(RougeLSettings(tokenizer="unicode"))


@pytest.mark.parametrize("stemmer", [False, True])
def test_the_unicode_tokenizer_gives_the_same_on_ascii_text(tatqa_rows, stemmer):
    rows = [row for row in tatqa_rows if (row.example.reference + row.response).isascii()]
    assert len(rows) > 100
    unicode, plain = (RougeL(RougeLSettings(stemmer=stemmer, tokenizer=name)) for name in ("unicode", "rouge-score"))
    np.testing.assert_array_equal(unicode.score(rows)[0], plain.score(rows)[0])


@pytest.mark.parametrize(
    ("reference", "right", "expected"),
    [
        ("请在 12 小时内拨打 95588", "请在 12 小时内拨打 95588", 1),
        ("请在 12 小时内拨打 95588", "zzz 12 zzz 95588", 2 * (2 / 4) * (2 / 9) / (2 / 4 + 2 / 9)),
        ("Позвоните нам сегодня", "позвоните НАМ", 0.8),
        ("Le café est fermé", "le cafe\u0301 est fermé", 1),
        ("กรุณา", "กรุณา", 1),
        ("👍", "👍", 1),
        ("👍", "👎", 0),
        ("один два", "", 0),
        ("один два", "?!", 0),
    ],
)
def test_the_unicode_tokenizer_reads_every_script(make_row, reference, right, expected):
    assert UNICODE.unread(make_row("", reference).example) is None
    assert UNICODE.score_row(make_row(right, reference)) == pytest.approx(expected)


def test_stems_are_of_words_of_a_to_z_alone(make_row):
    stems = RougeL(RougeLSettings(tokenizer="unicode", stemmer=True))
    assert stems.score_row(make_row("transferring счета", "transferred счета")) == 1
    assert stems.score_row(make_row("Zahlungén", "Zahlungéns")) == 0


@pytest.mark.parametrize(
    ("reference", "what", "remedy"),
    [
        ("请在 12 小时内拨打 95588", "han", "set tokenizer: unicode"),
        ("👍", "no word", "set tokenizer: unicode"),
        ("?!", "no word", "write a reference of words, or judge by another metric"),
        ("", "no word", "write a reference of words, or judge by another metric"),
    ],
)
def test_it_says_what_it_does_not_read_and_what_would(make_row, reference, what, remedy):
    said = RougeL(RougeLSettings()).unread(make_row(None, reference).example)
    assert (said.what, said.remedy) == (what, remedy)


def test_any_answer_to_a_reference_that_it_reads_is_measured(make_row):
    metric = RougeL(RougeLSettings())
    for response in ("", "?!", "请在", "right"):
        row = make_row(response, "the right answer")
        assert metric.unread(row.example) is None
        assert metric.score_row(row) is not None


def test_no_tokenizer_reads_a_reference_without_words(make_row):
    assert UNICODE.unread(make_row(None, "...").example).what == "no word"
