"""Logs that were made with other settings are not paired, and the error names the setting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from tests.support.adapters import write_adapter
from tests.support.inspect_logs import write_log
from tests.support.lm_eval_runs import write_run

SCORES = [1.0] * 90 + [0.0] * 10


class Project:
    """A project that imports logs of either tool."""

    def __init__(self, root: Path, score: str) -> None:
        self.root = root
        self.adapter = write_adapter(root / "adapter", "a")
        project: dict[str, Any] = {
            "about": {"title": "Imported", "intended_use": "Tests.", "licence": "apache-2.0"},
            "evaluation": {"metrics": [{"use": "recorded_rate", "score": score, "as": "accuracy"}]},
            "policy": {"rules": [{"use": "non_inferior", "metric": "accuracy", "margin": 0.1}]},
        }
        (root / "qlora_gov.yaml").write_text(yaml.safe_dump(project))
        assert run(["policy", str(root)]) == 0

    def lm_eval(self, adapter: str | None = None, scores: list[float] = SCORES, **task: Any) -> None:
        """Import a run whose task is configured so."""
        arguments = "pretrained=m" + (f",peft={adapter}" if adapter else "")
        path = write_run(self.root / "logs" / str(adapter), {"sums": {"acc": scores}}, arguments)
        results = json.loads(path.read_text())
        results["configs"]["sums"] |= {"num_fewshot": 0} | task
        path.write_text(json.dumps(results))
        self.take("lm_eval", path, adapter)

    def inspect(self, adapter: str | None = None, **spec: Any) -> None:
        """Import a log of Inspect; that of the adapter is of another day."""
        spec |= {"created": f"2026-01-0{2 if adapter else 1}T00:00:00+00:00"}
        self.take("inspect", write_log(self.root / "logs" / f"{adapter}.json", SCORES, **spec), adapter)

    def take(self, tool: str, path: Path, adapter: str | None) -> None:
        """Import a log of the base, or of the adapter."""
        weights = ["--adapter", str(self.adapter)] if adapter else []
        assert run(["import", tool, str(path), str(self.root), *weights]) == 0

    def entries(self, kind: str) -> list[Any]:
        """The entries of a kind."""
        return Ledger(self.root / ".qlora_gov" / "ledger.duckdb").entries(kind)

    def cards(self) -> list[str]:
        """The text of the newest decision's cards."""
        assert run(["card", str(self.root)]) == 0
        return [
            path.read_text() for path in sorted(self.root.glob(".qlora_gov/cards/*/card.*")) if path.suffix != ".css"
        ]


def test_runs_of_other_settings_are_refused_by_name_and_others_pair(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path, "sums/acc")
    project.lm_eval()
    project.lm_eval("hub/a", num_fewshot=5)
    capsys.readouterr()
    assert run(["gate", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "was evaluated, but not as the candidate was: another setting 'num_fewshot' (0 and 5)" in error
    assert error.count("\n") == 1
    project.lm_eval(num_fewshot=5)
    run(["gate", str(tmp_path)])
    (decision,) = [entry.record for entry in project.entries("decision")]
    assert decision.champion == project.entries("evaluation")[-1].id, "of two logs the one with the same settings"
    markdown = next(text for text in project.cards() if text.startswith("---"))
    told = "were asked for and scored with: filters none; generation"
    assert markdown.replace("\\", "").count(told) == 2
    assert run(["verify", str(tmp_path)]) == 0


def test_logs_of_inspect_with_other_settings_are_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("inspect_ai")
    project = Project(tmp_path, "sums/match")
    project.inspect(model_generate_config={"max_tokens": 8})
    project.inspect("hub/a", scorers=[{"name": "match", "options": {"location": "any"}}])
    capsys.readouterr()
    assert run(["gate", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "another setting 'generate.max_tokens' (8 and not set) and another setting 'scorer match.location'" in error
    project.inspect(scorers=[{"name": "match", "options": {"location": "any"}}])
    run(["gate", str(tmp_path)])
    assert len(project.entries("decision")) == 1


def test_a_log_of_an_earlier_version_pairs_and_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path, "sums/acc")
    with monkeypatch.context() as earlier:
        earlier.setattr("qlora_gov_imports.lm_eval.run_settings", lambda run, requests: {})
        project.lm_eval()
    project.lm_eval("hub/a", num_fewshot=5)
    base, adapter = (entry.record for entry in project.entries("responses"))
    assert (base.claim.settings, adapter.claim.settings["num_fewshot"]) == (None, "5")
    project.lm_eval()
    project.lm_eval("hub/a", num_fewshot=5)
    assert len(project.entries("responses")) == 2, "the same logs, whichever version read them"
    run(["gate", str(tmp_path)])
    assert len(project.entries("decision")) == 1
    for card in project.cards():
        assert "answers of the champion were asked for" not in card
    assert run(["verify", str(tmp_path)]) == 0


def test_an_evaluation_with_other_settings_is_a_look_at_the_same_rows(tmp_path: Path) -> None:
    project = Project(tmp_path, "sums/acc")
    for shots, scores in ((0, [1.0] * 50 + [0.0] * 50), (5, SCORES)):
        project.lm_eval(num_fewshot=shots)
        project.lm_eval("hub/a", scores, num_fewshot=shots)
    run(["gate", str(tmp_path)])
    (decision,) = [entry.record for entry in project.entries("decision")]
    first = [entry.id for entry in project.entries("evaluation")[:2]]
    assert sorted(decision.passed_over) == sorted(first)
