"""A project that learns from preference pairs, from the file to the card."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger, read_parquet
from qlora_gov.ledger.reading import held
from qlora_gov.records import Adapter, DatasetVersion, Decision
from qlora_gov.records.table import examples_of
from tests.support.project import SOURCE, make_project, rows, write_rows

SOURCES = {"sources": [{"path": "pairs.jsonl", "shape": "preference", **SOURCE}]}
STEPS = ["exact_duplicates", {"use": "toxicity_lexical", "action": "drop"}, {"use": "pii", "action": "redact"}]
TRAINING = {"use": "dpo", "preset": "demo", "rank": 2, "epochs": 2, "checkpoint_steps": 1}


def pairs(count: int) -> list[dict[str, object]]:
    """Pairs in both ways of writing them; the first rejected answer holds an address, the second is rude."""
    rejected = ["Write to ann.smith@example.com.", "You stupid idiot.", *["I do not know."] * (count - 2)]
    made: list[dict[str, object]] = []
    for at, row in enumerate(rows(count, "Ask")):
        asked, chosen = row.pop("messages")
        said = {"prompt": asked["content"], "chosen": chosen["content"], "rejected": rejected[at]}
        turns = {"chosen": [asked, chosen], "rejected": [asked, {"role": "assistant", "content": rejected[at]}]}
        made.append(row | (turns if at % 2 else said))
    return made


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    root = tmp_path_factory.mktemp("preferences") / "project"
    evaluation = {"sources": [{"path": "evaluation.jsonl", **SOURCE}]}
    data = {"training": {**SOURCES, "steps": [*STEPS, "held_out_leak"]}, "evaluation": evaluation}
    project = make_project(root, tiny_base, schema=2, data=data, training=TRAINING)
    write_rows(root / "pairs.jsonl", pairs(12))
    assert run(["run", str(project)]) == 0
    return root


def records(root: Path, kind: type) -> list[object]:
    entries = Ledger(root / ".qlora_gov" / "ledger.duckdb").entries()
    return [held(entry, kind) for entry in entries if entry.kind == kind.kind]


def test_pairs_are_curated_trained_on_evaluated_and_gated(finished: Path) -> None:
    (decision,) = records(finished, Decision)
    assert decision.outcome.value in {"APPROVED", "INCONCLUSIVE", "REJECTED"}  # type: ignore[attr-defined]
    (adapter,) = records(finished, Adapter)
    training = adapter.training  # type: ignore[attr-defined]
    assert training.recipe.name == "nf4/dpo"
    assert (training.steps, training.losses[0].loss) == (6, pytest.approx(0.6931, abs=1e-4))
    card = next(finished.glob(".qlora_gov/cards/*/card.md")).read_text()
    assert "Rows with a rejected answer, too: 12." in card
    assert "preference tuning (DPO) with beta 0.1" in card
    assert run(["verify", str(finished)]) == 0


def test_steps_looked_at_rejected_answers(finished: Path) -> None:
    training = next(one for one in records(finished, DatasetVersion) if one.role == "training")  # type: ignore[attr-defined]
    assert (training.rows, training.pairs) == (12, 12)  # type: ignore[attr-defined]
    toxicity, pii = training.steps[1:3]  # type: ignore[attr-defined]
    assert (dict(toxicity.dropped), toxicity.labelled) == ({}, 1), "rude on purpose: it stays, labelled"
    assert (dict(pii.altered), pii.labelled) == ({"EMAIL_ADDRESS": 1}, 0)
    files = (read_parquet(path) for path in finished.glob(".qlora_gov/datasets/*/rows.parquet"))
    kept = [row for table in files for row in examples_of({**table, "source": ["f:1"] * len(table["id"])})]
    rejected = {row.rejected: row.extra for row in kept if row.rejected}
    assert "Write to [EMAIL_ADDRESS_1]." in rejected
    assert list(rejected["You stupid idiot."]) == ["found_in_rejected"]


def test_an_exported_version_is_the_same_one_again(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(finished)
    assert run(["data", "show"]) == 0
    assert "12 rows with a rejected answer" in capsys.readouterr().out
    assert run(["data", "export", "--to", str(tmp_path / "out")]) == 0
    assert run(["data", "check", str(tmp_path / "out")]) == 0
    root = tmp_path / "again"
    root.mkdir()
    shutil.copy(tmp_path / "out" / "rows.parquet", root)
    shutil.copy(finished / "evaluation.jsonl", root)
    source = {**SOURCE, "use": "parquet", "path": "rows.parquet", "shape": "exported"}
    evaluation = {"sources": [{"path": "evaluation.jsonl", **SOURCE}]}
    data = {"training": {"sources": [source]}, "evaluation": evaluation}
    make_project(root, Path("base"), data=data, training=TRAINING)
    monkeypatch.chdir(root)
    assert run(["data", "build"]) == 0
    digests = [
        next(one.digest for one in records(of, DatasetVersion) if one.role == "training")  # type: ignore[attr-defined]
        for of in (finished, root)
    ]
    assert digests[0] == digests[1]


def test_rows_without_a_rejected_answer_are_told_before_the_training(
    tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(tmp_path, tiny_base, training=TRAINING)
    assert run(["run", str(project)]) == 6
    error = capsys.readouterr().err
    assert "no rejected answer, and dpo learns from pairs (and 15 more); give rows with 'shape: preference'" in error
    assert "train.jsonl:" in error
