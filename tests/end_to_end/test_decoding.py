"""A base whose generation_config.json penalises repetition: whether that has a say, by schema, and who is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.records import Decision, Responses
from tests.support.project import make_project


@pytest.fixture(scope="module")
def penalised(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("penalised") / "tiny"
    shutil.copytree(tiny_base, base)
    file = base / "generation_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"repetition_penalty": 1.5, "temperature": 0.6}))
    return base


@pytest.mark.parametrize(
    ("changes", "decoding", "applied"),
    [
        ({}, "base", {"repetition_penalty": 1.5}),
        ({"schema": 2}, "greedy", {}),
        ({"schema": 2, "decoding": "base"}, "base", {"repetition_penalty": 1.5}),
    ],
)
def test_what_had_a_say_is_on_record_and_on_the_card(
    penalised: Path, tmp_path: Path, changes: dict[str, Any], decoding: str, applied: Mapping[str, Any]
) -> None:
    said = {name: value for name, value in changes.items() if name == "decoding"}
    evaluation = {"generation": {"max_new_tokens": 8, "batch_size": 4} | said, "metrics": ["perplexity", "rouge_l"]}
    schema = {name: value for name, value in changes.items() if name == "schema"}
    make_project(tmp_path, penalised, evaluation=evaluation, **schema)
    assert run(["run", str(tmp_path)]) in (0, 1, 3)
    ledger = Ledger(tmp_path / ".qlora_gov" / "ledger.duckdb")
    answered = [held(entry, Responses) for entry in ledger.entries(Responses.kind)]
    assert len(answered) == 2
    for one in answered:
        assert one.generation is not None
        assert (one.generation.decoding, one.applied, one.cut) == (decoding, applied, 12)
    assert len(ledger.entries(Decision.kind)) == 1
    assert run(["verify", str(tmp_path)]) == 0
    (card,) = (tmp_path / ".qlora_gov" / "cards").glob("*/card.md")
    text = card.read_text(encoding="utf-8")
    assert text.count("**12 of 12 answers were cut short** at that limit") == 2
    assert ("had a say in the choice of tokens: repetition_penalty 1.5" in text.replace("\\", "")) == bool(applied)
