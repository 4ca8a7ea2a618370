"""Every form in which lm-evaluation-harness writes with which model it ran."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qlora_gov_imports.lm_eval_subject import answerer
from qlora_gov_imports.subjects import Answerer
from tests.support.adapters import write_adapter

NOBODY, UNKNOWN = Answerer(False), Answerer(None)


def on(base: str, name: str) -> Answerer:
    return Answerer(True, name, base)


@pytest.mark.parametrize(
    ("backend", "arguments", "who"),
    [
        # transformers: a string, a mapping, JSON, a list; keys in any order, values quoted, with signs of equality
        ("hf", "pretrained=m,dtype=float32", NOBODY),
        ("hf", {"pretrained": "m"}, NOBODY),
        ("hf", "pretrained=m,peft=a", on("m", "a")),
        ("hf", "peft=a,pretrained=m", on("m", "a")),
        ("hf", "pretrained=m, peft = 'a' ", on("m", "a")),
        ("hf", "pretrained=m,peft=s3://a?v=2", on("m", "s3://a?v=2")),
        ("hf-multimodal", {"pretrained": "m", "peft": "a"}, on("m", "a")),
        ("hf", '{"pretrained": "m", "peft": "a"}', on("m", "a")),
        ("hf", ["pretrained=m", "peft=a"], on("m", "a")),
        # what was not given
        ("hf", "pretrained=m,peft=None", NOBODY),
        ("hf", "pretrained=m,peft=,", NOBODY),
        ("hf", {"pretrained": "m", "peft": None}, NOBODY),
        ("hf", {"pretrained": "m", "peft": "none"}, NOBODY),
        ("hf", {"pretrained": "m", "delta": "d"}, NOBODY),
        ("steered", {"pretrained": "m", "steer_path": "v.pt"}, NOBODY),
        # given from Python, as an object or by its commit
        ("HFLM", None, UNKNOWN),
        ("HFLM", "", UNKNOWN),
        # vLLM and SGLang; how a server holds adapters names none
        ("vllm", "pretrained=m,enable_lora=True,lora_local_path=a", on("m", "a")),
        ("vllm", {"pretrained": "m", "lora_local_path": "a", "max_lora_rank": 32}, on("m", "a")),
        ("vllm", "pretrained=m,enable_lora=True,max_lora_rank=32", NOBODY),
        ("vllm", {"pretrained": "m", "lora_modules": {"a": "path"}}, on("m", "a=path")),
        ("sglang", "pretrained=m,lora_paths=a", on("m", "a")),
        ("sglang", {"pretrained": "m", "lora_paths": ["a", "b"], "lora_target_modules": "all"}, on("m", "a, b")),
        # endpoints and engines: a name says nothing of what is behind it
        ("local-completions", "model=my-lora,base_url=http://localhost:8000/v1/completions", UNKNOWN),
        ("local-chat-completions", {"model": "m", "base_url": "http://localhost"}, UNKNOWN),
        ("openai-chat-completions", "model=gpt-4", UNKNOWN),
        ("gguf", "base_url=http://localhost", UNKNOWN),
        ("watsonx_llm", {"deployment_id": "1"}, UNKNOWN),
        ("nemo_lm", "path=m.nemo", UNKNOWN),
        ("megatron_lm", "load=checkpoint", UNKNOWN),
        ("trtllm", {"model": "engine"}, UNKNOWN),
        ("mamba_ssm", "pretrained=m", NOBODY),
        # backends of others, and logs that name none
        ("somebody/elses", {"pretrained": "m"}, UNKNOWN),
        ("somebody/elses", {"pretrained": "m", "adapter_name_or_path": "a"}, on("m", "a")),
        (None, {"pretrained": "m"}, NOBODY),
        (None, "pretrained=m,peft=a", on("m", "a")),
        (None, "model=m", UNKNOWN),
        (None, 7, UNKNOWN),
        (7, {}, UNKNOWN),
    ],
)
def test_who_answered(backend: Any, arguments: Any, who: Answerer) -> None:
    assert answerer(backend, arguments, {}) == who


def test_an_adapter_that_python_gave_has_left_its_commit() -> None:
    assert answerer("HFLM", None, {"peft_sha": ""}) == Answerer(True)
    assert answerer("hf", "pretrained=m", {"model_sha": "1"}) == NOBODY


def test_a_model_that_is_an_adapter_at_hand_is_one(tmp_path: Path) -> None:
    path = str(write_adapter(tmp_path / "a", "a"))
    assert answerer("hf", {"pretrained": path}, {}) == Answerer(True, path)
    assert answerer("vllm", {"pretrained": path}, {}) == NOBODY, "vLLM takes none for a model"
    assert answerer("hf", {"pretrained": str(tmp_path)}, {}) == NOBODY
