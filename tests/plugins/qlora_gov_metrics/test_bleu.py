"""BLEU against sacrebleu's corpus score."""

from __future__ import annotations

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from qlora_gov import PluginError
from qlora_gov_metrics.bleu import Bleu, BleuSettings


def corpus_bleu(rows, tokenize="13a"):
    references = [[row.example.reference for row in rows]]
    return sacrebleu.corpus_bleu([row.response for row in rows], references, tokenize=tokenize).score


@pytest.mark.parametrize("tokenize", ["13a", "intl", "char", "zh", "none"])
def test_equals_sacrebleu_over_any_rows(tatqa_rows, tokenize):
    metric = Bleu(BleuSettings(tokenize=tokenize))
    stats, scored = metric.score(tatqa_rows)
    assert scored.all()
    assert stats.shape == (400, len(Bleu.components))
    for part in (slice(None), slice(0, 7), slice(100, 250), slice(None, None, 3), slice(12, 13)):
        expected = corpus_bleu(tatqa_rows[part], tokenize)
        assert metric.aggregate(stats[part].sum(axis=0)) == pytest.approx(expected, abs=1e-9)


def test_equals_sacrebleu_over_resampled_rows_at_once(tatqa_rows):
    metric = Bleu(BleuSettings())
    stats, _ = metric.score(tatqa_rows)
    draws = np.random.default_rng(0).integers(0, len(tatqa_rows), size=(2, 5, 60))
    values = metric.aggregate(stats[draws].sum(axis=2))
    assert values.shape == (2, 5)
    for at in np.ndindex(2, 5):
        assert values[at] == pytest.approx(corpus_bleu([tatqa_rows[row] for row in draws[at]]), abs=1e-9)


@pytest.mark.parametrize(
    ("response", "reference"),
    [
        ("the fee is due in may", "the fee was paid by june"),  # no order above 1 matches
        ("a b c d e f", "a b x d e y"),  # orders 3 and 4 miss
        ("a b", "a b"),  # too short for orders 3 and 4
        ("nothing here at all matches", "the fee is five euros"),
        ("", "the fee is five euros"),
        ("the fee is five euros", ""),
        ("Übertrag: 5 € für Zürich 你好吗 x", "Übertrag: 5 € nach Zürich 你好吗 x"),
    ],
)
def test_equals_sacrebleu_where_orders_miss_or_texts_are_empty(make_row, response, reference):
    rows = [make_row(response, reference)]
    metric = Bleu(BleuSettings())
    stats, _ = metric.score(rows)
    assert metric.aggregate(stats.sum(axis=0)) == pytest.approx(corpus_bleu(rows), abs=1e-9)


def test_nothing_on_either_side_is_undefined(make_row):
    """sacrebleu says 0 of two empty texts and raises over no texts; nothing was measured in either."""
    metric = Bleu(BleuSettings())
    stats, _ = metric.score([make_row("", "")])
    assert np.isnan(metric.aggregate(stats.sum(axis=0)))
    assert np.isnan(metric.aggregate(np.zeros(10)))


def test_no_response_is_not_scored(make_row):
    _, scored = Bleu(BleuSettings()).score([make_row(None, "x"), make_row("x", "x")])
    assert scored.tolist() == [False, True]


def test_an_unknown_tokenizer_is_refused():
    with pytest.raises(ValidationError, match=r"'ja-mecab', 'ko-mecab', 'flores101'.* or 'auto'"):
        BleuSettings(tokenize="spm")


# --- text without spaces ---

CHINESE = ("请在十二小时内拨打客服电话", "请在十二小时内拨打银行电话")
RUSSIAN = ("Позвоните нам сегодня до вечера", "Позвоните нам завтра до вечера")
ENGLISH = ("Please call the branch in your street today.", "Please call the branch in our street today.")
THAI = ("กรุณาโทรหาเราวันนี้", "กรุณาโทรหาเราพรุ่งนี้")
MIXED = (CHINESE, RUSSIAN, ENGLISH, THAI)


def test_chinese_is_not_read_by_spaces_and_measured_by_its_own_tokenizer(make_row):
    row = make_row(*CHINESE)
    plain, chinese, auto = (Bleu(BleuSettings(tokenize=name)) for name in ("13a", "zh", "auto"))
    assert plain.aggregate(plain.score([row])[0].sum(axis=0)) == 0
    said = plain.unread(row.example)
    assert (said.what, said.remedy) == ("han", "set tokenize: auto")
    for metric in (chinese, auto):
        assert metric.unread(row.example) is None
        found = metric.aggregate(metric.score([row])[0].sum(axis=0))
        assert found == pytest.approx(corpus_bleu([row], "zh"), abs=1e-9)
        assert found > 60


@pytest.mark.parametrize("pair", [RUSSIAN, ENGLISH, ("Das Geschäft öffnet", "Das Geschäft schließt")])
def test_what_has_spaces_is_read_by_them(make_row, pair):
    assert Bleu(BleuSettings()).unread(make_row(*pair).example) is None


def test_rows_of_several_tokenizers_are_one_corpus_of_the_words_of_each(make_row):
    """The same as sacrebleu says of the rows when each is split by its tokenizer before."""
    rows = [make_row(*pair) for pair in MIXED]
    metric = Bleu(BleuSettings(tokenize="auto"))
    found = metric.aggregate(metric.score(rows)[0].sum(axis=0))
    split = {name: sacrebleu.metrics.BLEU(tokenize=name).tokenizer for name in ("zh", "13a", "char")}
    names = ("zh", "13a", "13a", "char")
    answers, references = ([split[name](pair[at]) for name, pair in zip(names, MIXED, strict=True)] for at in (0, 1))
    expected = sacrebleu.corpus_bleu(answers, [references], tokenize="none").score
    assert found == pytest.approx(expected, abs=1e-9)


def test_rows_that_all_take_one_tokenizer_are_as_that_one_says(tatqa_rows):
    rows = [row for row in tatqa_rows if row.example.reference.isascii()]
    auto, plain = (Bleu(BleuSettings(tokenize=name)) for name in ("auto", "13a"))
    np.testing.assert_array_equal(auto.score(rows)[0], plain.score(rows)[0])


def test_a_language_that_its_reference_is_not_in_is_told(make_row):
    example = make_row(*CHINESE).example.model_copy(update={"language": "en"})
    said = Bleu(BleuSettings(tokenize="auto")).unread(example)
    assert (said.what, said.remedy) == ("han", "correct its language (en), or set tokenize: char")


def test_a_tokenizer_that_is_not_at_hand_is_told_with_the_row_that_takes_it(make_row, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PluginError, match=r'^bleu: rows.jsonl:1: tokenize: ko-mecab needs .* pip install "sacrebleu'):
        Bleu(BleuSettings(tokenize="auto")).score([make_row(*ENGLISH), make_row("전화하세요", "전화하세요")])
    with pytest.raises(
        PluginError, match=r"^tokenize: ja-mecab needs MeCab and ipadic, not installed; run: pip install"
    ):
        BleuSettings(tokenize="ja-mecab").require()
    BleuSettings(tokenize="auto").require()


@pytest.mark.parametrize(("tokenize", "module"), [("ja-mecab", "MeCab"), ("ko-mecab", "mecab_ko")])
def test_equals_sacrebleu_by_its_morphological_tokenizers(make_row, tokenize, module):
    pytest.importorskip(module)
    rows = [make_row("十二時に電話してください", "一時に電話してください"), make_row("전화하세요", "지금 전화하세요")]
    metric = Bleu(BleuSettings(tokenize=tokenize))
    found = metric.aggregate(metric.score(rows)[0].sum(axis=0))
    assert found == pytest.approx(corpus_bleu(rows, tokenize), abs=1e-9)


counts = arrays(np.int64, st.tuples(st.integers(1, 6), st.just(4)), elements=st.integers(0, 30))


@settings(deadline=None)
@given(correct=counts, more=st.integers(0, 20), ref_len=st.integers(0, 60))
def test_any_counts_aggregate_as_sacrebleu_says_and_as_they_do_alone(correct, more, ref_len):
    correct = -np.sort(-correct, axis=-1)  # matches never grow with the order
    total = correct[:, :1] + more - np.arange(4)
    total = np.maximum(np.maximum(total, correct), 0)
    lengths = np.column_stack([total[:, 0], np.full(len(total), ref_len)])
    sums = np.column_stack([lengths, correct, total]).astype(np.float64)
    metric = Bleu(BleuSettings())
    values = metric.aggregate(sums)
    for row, value in zip(sums, values, strict=True):
        np.testing.assert_array_equal(metric.aggregate(row), value)
        if row[0] or row[1]:
            counted = [int(count) for count in row]
            expected = sacrebleu.metrics.BLEU.compute_bleu(counted[2:6], counted[6:], *counted[:2], smooth_method="exp")
            assert value == pytest.approx(expected.score, abs=1e-9)
