"""A tiny random base model, made in seconds: breadth for tests that need a real one of some kind."""

from __future__ import annotations

from pathlib import Path

CHAT_TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def make_tiny_base(
    path: Path, *, chat_template: str | None = CHAT_TEMPLATE, shape: str = "llama", positions: int = 2048
) -> Path:
    """Write a two-layer model with random weights and a byte-level tokenizer to ``path``: Llama, OPT or GPT-2."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        AutoModelForCausalLM,
        GPT2Config,
        LlamaConfig,
        OPTConfig,
        PreTrainedTokenizerFast,
    )

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate([*alphabet, "<|start|>", "<|end|>"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>")
    fast.add_special_tokens({"additional_special_tokens": ["<|start|>"]})
    if chat_template is not None:
        fast.chat_template = chat_template
    fast.save_pretrained(path)
    torch.manual_seed(0)
    common = {
        "vocab_size": len(vocabulary),
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "eos_token_id": fast.eos_token_id,
        "pad_token_id": fast.pad_token_id,
        "bos_token_id": None,
        "tie_word_embeddings": False,
        "hidden_size": 64,
    }
    configs = {
        "llama": lambda: LlamaConfig(
            **common, intermediate_size=128, num_key_value_heads=2, max_position_embeddings=positions
        ),
        "opt": lambda: OPTConfig(
            **common, ffn_dim=128, word_embed_proj_dim=64, max_position_embeddings=positions, do_layer_norm_before=True
        ),
        "gpt2": lambda: GPT2Config(**common, n_positions=positions),
    }
    AutoModelForCausalLM.from_config(configs[shape]()).save_pretrained(path)
    return path
