"""Every form in which Inspect logs with which model it ran."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qlora_gov_imports.inspect_subject import answerer
from qlora_gov_imports.subjects import Answerer
from tests.support.adapters import write_adapter

UNKNOWN = Answerer(None)


@pytest.mark.parametrize(
    ("model", "arguments", "who"),
    [
        ("vllm/org/m:org/a", {}, Answerer(True, "org/a", "vllm/org/m")),
        ("vllm/org/m:org/a@v2", {"max_lora_rank": 64}, Answerer(True, "org/a@v2", "vllm/org/m")),
        ("vllm-completions/m:a", {}, Answerer(True, "a", "vllm-completions/m")),
        ("vllm//models/m:./adapters/a", {}, Answerer(True, "./adapters/a", "vllm//models/m")),
        ("vllm/org/m", {"lora_modules": "a=path"}, Answerer(True, "a=path", "vllm/org/m")),
        ("hf/org/m", {"peft": "a"}, Answerer(True, "a", "hf/org/m")),
        ("vllm/org/m", {"enable_lora": True}, UNKNOWN),
        ("vllm/org/m", {}, UNKNOWN),  # a server may hold an adapter under this name
        ("hf/org/m", {}, UNKNOWN),  # transformers loads an adapter by its own name
        ("ollama/llama3:8b", {}, UNKNOWN),
        ("bedrock/anthropic.claude-v2:1", {}, UNKNOWN),
        ("mockllm/model", {}, UNKNOWN),
        ("none", {}, UNKNOWN),
    ],
)
def test_who_answered(model: str, arguments: dict[str, Any], who: Answerer) -> None:
    assert answerer(model, arguments) == who


def test_a_model_that_is_an_adapter_at_hand_is_one(tmp_path: Path) -> None:
    path = str(write_adapter(tmp_path / "a", "a"))
    assert answerer(f"hf/{path}", {}) == answerer("hf/m", {"model_path": path}) == Answerer(True, path)
    assert answerer(f"hf/{tmp_path}", {}) == UNKNOWN
