"""Tiny tokenizers of several families, each with control tokens of its own, special ones and others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

START, END = "<start_of_turn>", "<end_of_turn>"
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    + START
    + "{{ m['role'] }}\n{{ m['content'] | trim }}"
    + END
    + "\n{% endfor %}"
    "{% if add_generation_prompt %}" + START + "assistant\n{% endif %}"
)
LETTERS = [chr(code) for code in range(33, 127)]


def bpe_of_bytes() -> Any:
    """Byte-level, as GPT-2 and Llama 3 have it; one control token can be made by merges, too."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "</", "s>", "</s>", "<s>"]
    tokenizer = Tokenizer(
        models.BPE(vocab={p: at for at, p in enumerate(pieces)}, merges=[("<", "/"), ("s", ">"), ("</", "s>")])
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split("x", "isolated", invert=False)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def bpe_of_sentencepiece() -> Any:
    """As Llama 2 and Mistral have it: words begin with a mark, so does the text, and unknown letters fall to bytes."""
    from tokenizers import Tokenizer, decoders, models, normalizers

    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *LETTERS, "</", "s>"]
    vocabulary = {piece: at for at, piece in enumerate(pieces)}
    merges = [("<", "/"), ("s", ">"), ("</", "s>")]
    tokenizer = Tokenizer(
        models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


def unigram() -> Any:
    """As T5 and XLNet have it, where the control tokens are likely pieces of the model itself."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    pieces = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), ("▁", -2.0), *((letter, -5.0) for letter in LETTERS)]
    tokenizer = Tokenizer(models.Unigram([*pieces, ("\n", -5.0)], unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    return tokenizer


def wordpiece() -> Any:
    """As BERT has it: letters lose their case, and what is unknown becomes a control token of its own."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    letters = [letter for letter in LETTERS if not letter.isupper()]
    pieces = ["<unk>", "<s>", "</s>", *letters, *(f"##{letter}" for letter in letters)]
    tokenizer = Tokenizer(models.WordPiece({p: at for at, p in enumerate(pieces)}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


FAMILIES: Mapping[str, Callable[[], Any]] = {
    "bytes": bpe_of_bytes,
    "sentencepiece": bpe_of_sentencepiece,
    "unigram": unigram,
    "wordpiece": wordpiece,
}


def tokenizer_of(family: str, *, special: bool, template: str = TEMPLATE) -> Any:
    """A tokenizer of a family; its turns are marked by added tokens that are special, or are not."""
    from tokenizers import AddedToken
    from transformers import PreTrainedTokenizerFast

    fast = PreTrainedTokenizerFast(
        tokenizer_object=FAMILIES[family](), bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="</s>"
    )
    fast.add_tokens([AddedToken(token, special=special, normalized=False) for token in (START, END)], special)
    fast.add_tokens([AddedToken("  ", normalized=False)])  # a run of spaces, as tokenizers for code have them
    fast.chat_template = template
    return fast
