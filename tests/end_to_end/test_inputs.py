"""What changes a model's input is told before the first step, kept apart in keys, and never paired."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from qlora_gov.pipeline import evaluation
from tests.support.project import make_project, rows, write_rows
from tests.support.tiny import CHAT_TEMPLATE, make_tiny_base

DATED = "{{ strftime_now('%d %B %Y') }}\n" + CHAT_TEMPLATE
DECIDED = (0, 1, 3)


def ledger(root: Path) -> Ledger:
    return Ledger(root / ".qlora_gov" / "ledger.duckdb")


def kinds(root: Path) -> list[str]:
    return [entry.kind for entry in ledger(root).entries()]


def last(root: Path, kind: str) -> Any:
    return ledger(root).entries(kind)[-1].record


def edit(project: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = yaml.safe_load(project.read_text())
    change(document)
    project.write_text(yaml.safe_dump(document, sort_keys=False))


def lengthen(root: Path, name: str, question: str) -> None:
    values = rows(12, "Tell")
    values[4]["messages"][0]["content"] = question
    write_rows(root / name, values)


@pytest.mark.parametrize("schema", [1, 2])
def test_rows_over_the_positions_of_opt_are_refused_before_the_training(
    tmp_path: Path, schema: int, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(tmp_path / "p", make_tiny_base(tmp_path / "b", shape="opt", positions=100), schema=schema)
    lengthen(tmp_path / "p", "evaluation.jsonl", "x" * 90)
    assert run(["run", str(project)]) == 6
    said = capsys.readouterr().err
    assert (
        "evaluation.jsonl:5: 117 tokens with up to 8 of the answer, over the 100 positions of the base; lower" in said
    )
    assert (
        "evaluation.jsonl:5: 132 tokens with the reference answer, over the 100 positions of the base; shorten" in said
    )
    assert "bug" not in said
    assert "adapter" not in kinds(tmp_path / "p")


def test_going_on_beyond_the_positions_binds_from_the_second_schema(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "p"
    project = make_project(root, make_tiny_base(tmp_path / "b", positions=100), schema=2)
    lengthen(root, "evaluation.jsonl", "x" * 90)
    assert run(["run", str(project)]) == 6
    assert "over the 100 positions of the base" in capsys.readouterr().err
    edit(project, lambda document: document.pop("schema"))
    assert run(["run", str(project)]) in DECIDED
    assert "over the 100 positions of the base" in " ".join(capsys.readouterr().err.split()), "a notice"
    assert last(root, "responses").inputs.beyond == 1
    card = next(root.glob(".qlora_gov/cards/*/card.md")).read_text()
    assert "1 rows can take more positions than the base was made for" in card
    assert run(["verify", str(project)]) == 0


def test_a_template_that_takes_no_system_turn_is_told_before_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refuses = "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    root = tmp_path / "p"
    project = make_project(root, make_tiny_base(tmp_path / "b", chat_template=refuses + CHAT_TEMPLATE))
    for name in ("train.jsonl", "evaluation.jsonl"):
        values = rows(12, name)
        values[2]["messages"].insert(0, {"role": "system", "content": "Be kind."})
        write_rows(root / name, values)
    said = "jsonl:3: the chat template refuses a conversation: System role not supported; put the system's text into"
    for name in ("evaluation", "train"):
        assert run(["train", str(project)]) == 6
        assert f"{name}.{said}" in " ".join(capsys.readouterr().err.split())
        write_rows(root / f"{name}.jsonl", rows(12, name))
    assert "adapter" not in kinds(root)


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose template asks for the day, decided on."""
    directory = tmp_path_factory.mktemp("dated")
    project = make_project(directory / "p", make_tiny_base(directory / "b", chat_template=DATED))
    assert run(["run", str(project)]) in DECIDED
    return project


@pytest.fixture
def copy(dated: Path, tmp_path: Path) -> Path:
    shutil.copytree(dated.parent, tmp_path / "p")
    return tmp_path / "p" / dated.name


def test_tomorrow_nothing_is_done_again(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers.utils.chat_template_utils as templates

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Tomorrow:
            return cls(2099, 1, 2)

    monkeypatch.setattr(templates, "datetime", Tomorrow)
    before = ledger(copy.parent).head()
    assert run(["run", str(copy)]) in DECIDED
    assert ledger(copy.parent).head() == before
    assert run(["replay", str(copy), "--rows", "3"]) == 0
    assert last(copy.parent, "responses").inputs.today == "2024-07-26"
    card = next(copy.parent.glob(".qlora_gov/cards/*/card.md")).read_text()
    assert "the chat template was told that it is 2024-07-26" in card


def test_another_day_trains_and_answers_again_and_pairs_with_nothing_of_before(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adapter = last(copy.parent, "adapter")
    edit(copy, lambda document: document.update(base={"model": document["base"], "today": "2026-02-03"}))
    before = kinds(copy.parent)
    assert run(["run", str(copy)]) in DECIDED
    added = kinds(copy.parent)[len(before) :]
    assert [kind for kind in added if kind in ("adapter", "responses")] == ["adapter", "responses", "responses"]
    assert {entry.record.inputs.today for entry in ledger(copy.parent).entries("responses")[-2:]} == {"2026-02-03"}  # type: ignore[attr-defined]
    assert last(copy.parent, "adapter").training.inputs == {"today": "2026-02-03"}
    assert run(["verify", str(copy)]) == 0
    decisions = kinds(copy.parent).count("decision")
    assert run(["gate", str(copy), "--adapter", adapter.id]) in DECIDED
    assert run(["gate", str(copy)]) in DECIDED
    assert kinds(copy.parent).count("decision") == decisions, "each finds the decision on its own pair"
    sides = [ledger(copy.parent).get(id_).record for id_ in last(copy.parent, "decision").sides.values()]
    days = {ledger(copy.parent).get(side.responses).record.inputs.today for side in sides}  # type: ignore[attr-defined]
    assert len(days) == 1


def test_answers_of_before_anybody_wrote_inputs_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A project that stands still stays as it is; a new candidate is not paired with what nobody knows the day of."""
    root = tmp_path / "p"
    project = make_project(root, make_tiny_base(tmp_path / "b", chat_template=DATED))
    answered = evaluation.answer_dataset
    with monkeypatch.context() as before:
        before.setattr(evaluation, "answer_dataset", lambda *a, **k: answered(*a, **{**k, "inputs": None}))
        assert run(["run", str(project)]) in DECIDED
    head = ledger(root).head()
    assert run(["run", str(project)]) in DECIDED
    assert run(["gate", str(project)]) in DECIDED
    assert ledger(root).head() == head
    edit(project, lambda document: document.update(seed=9))
    assert run(["run", str(project)]) in DECIDED
    told = [entry.record.inputs for entry in ledger(root).entries("responses")]  # type: ignore[attr-defined]
    assert [inputs and inputs.today for inputs in told] == [None, None, "2024-07-26", "2024-07-26"]
    head = ledger(root).head()
    assert run(["run", str(project)]) in DECIDED
    assert run(["gate", str(project)]) in DECIDED
    assert ledger(root).head() == head


def test_spelled_control_tokens_tell_old_from_new(tmp_path: Path, tiny_base: Path) -> None:
    root = tmp_path / "p"
    project = make_project(root, tiny_base)
    values = rows(16, "Ask")
    values[3]["messages"][1]["content"] = "It is <|end|> here. Then it goes on."
    write_rows(root / "train.jsonl", values)
    assert run(["run", str(project)]) in DECIDED
    adapter, answered = last(root, "adapter"), last(root, "responses")
    assert adapter.training.inputs == {"shielded": 1}
    assert "rows that spell a control token, which was kept as text: 1" in adapter.training.notes
    assert answered.inputs.plain
    head = ledger(root).head()
    assert run(["run", str(project)]) in DECIDED
    assert ledger(root).head() == head
    assert json.loads(json.dumps(adapter.content()))["training"]["inputs"] == {"shielded": 1}
