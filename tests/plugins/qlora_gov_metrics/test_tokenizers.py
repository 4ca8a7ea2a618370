"""Which of sacrebleu's tokenizers a row takes, what each reads, and what is said of one that is not at hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import sacrebleu.utils

from qlora_gov import Example, Message, PluginError
from qlora_gov_metrics.tokenizers import READS, chosen, require_tokenizer, unsplit

ZH, JA, KO, TH, EN = "请在十二小时内拨打电话", "十二時に電話してください", "전화하세요", "กรุณาโทรหาเรา", "Call us"


def example(reference: str, language: str | None = None) -> Example:
    messages = (Message(role="user", content="?"), Message(role="assistant", content=reference))
    return Example(messages=messages, group="a", language=language, source="rows.jsonl:7")


@pytest.mark.parametrize(
    ("reference", "tokenizer"),
    [(ZH, "zh"), (JA, "ja-mecab"), (KO, "ko-mecab"), (TH, "char"), (EN, "13a"), ("Позвоните", "13a"), (ZH + TH, "char"),
     (f"{EN * 20} {ZH[:1]}", "13a"), ("", "13a"), ("カード", "ja-mecab")],
)  # fmt: skip
@pytest.mark.parametrize("language", [None, "", "und", "unknown", "English"])
def test_a_row_of_no_declared_language_goes_by_its_scripts(
    reference: str, tokenizer: str, language: str | None
) -> None:
    assert chosen(example(reference, language)) == tokenizer
    assert unsplit(chosen(example(reference, language)), reference) is None, "it reads what it was chosen for"


@pytest.mark.parametrize(
    ("language", "tokenizer"),
    [("zh", "zh"), ("zh-CN", "zh"), ("ZHO_Hant", "zh"), ("ja", "ja-mecab"), ("kor_Hang", "ko-mecab"), ("th", "char"),
     ("km", "char"), ("en", "13a"), ("pt-BR", "13a"), ("ru", "13a")],
)  # fmt: skip
def test_a_declared_language_decides(language: str, tokenizer: str) -> None:
    assert chosen(example(EN, language)) == tokenizer


def test_a_tokenizer_that_goes_by_spaces_finds_no_words_without_them() -> None:
    for tokenizer in ("13a", "intl", "none", "ko-mecab"):
        assert [unsplit(tokenizer, text) for text in (ZH, JA, TH, KO, EN)] == ["han", "hiragana", "thai", None, None]
    assert [unsplit("zh", text) for text in (ZH, JA, TH)] == [None, "hiragana", "thai"]
    assert [unsplit("ja-mecab", text) for text in (ZH, JA, TH)] == [None, None, "thai"]
    pieces = [one for one in READS if one == "char" or one.startswith(("flores", "spBLEU"))]
    assert {unsplit(one, text) for one in pieces for text in (ZH, JA, TH)} == {None}


@pytest.mark.parametrize("tokenizer", ["ja-mecab", "ko-mecab", "flores200"])
def test_missing_libraries_are_named_with_what_installs_them(tokenizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    commands = {"ja-mecab": '"sacrebleu[ja]"', "ko-mecab": '"sacrebleu[ko]"', "flores200": "sentencepiece"}
    with pytest.raises(PluginError, match="not installed; run: pip install ") as failure:
        require_tokenizer(tokenizer)  # type: ignore[arg-type]
    assert str(failure.value).endswith(f"pip install {commands[tokenizer]}")


def test_a_model_that_is_not_there_is_named_and_never_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sentencepiece")
    monkeypatch.setattr(sacrebleu.utils, "SACREBLEU_DIR", str(tmp_path))
    with pytest.raises(PluginError, match=f"needs its model, {tmp_path}/models/flores200sacrebleuspm; where there is"):
        require_tokenizer("flores200")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "flores200sacrebleuspm").write_bytes(b"")
    require_tokenizer("flores200")


@pytest.mark.parametrize("tokenizer", ["13a", "intl", "char", "zh", "none"])
def test_what_comes_with_sacrebleu_needs_nothing(tokenizer: str) -> None:
    require_tokenizer(tokenizer)  # type: ignore[arg-type]
