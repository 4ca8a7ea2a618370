"""Several imported evaluations, bases and tasks: chosen by name, and what a log left out is said at the gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from tests.support.adapters import write_adapter
from tests.support.lm_eval_runs import Scores, write_run

GOOD: Scores = [1.0] * 90 + [0.0] * 10
BAD: Scores = [1.0] * 50 + [0.0] * 50


class Project:
    """A project that imports runs of lm-evaluation-harness."""

    def __init__(self, root: Path, score: str = "sums/acc") -> None:
        self.root = root
        self.adapter = write_adapter(root / "adapter", "a")
        self.measure(score)

    def measure(self, score: str) -> None:
        """Write the project file, to judge by a score of the log."""
        project: dict[str, Any] = {
            "about": {"title": "Imported", "intended_use": "Tests.", "licence": "apache-2.0"},
            "evaluation": {"metrics": [{"use": "recorded_rate", "score": score, "as": "accuracy"}]},
            "policy": {"rules": [{"use": "non_inferior", "metric": "accuracy", "margin": 0.1}]},
        }
        (self.root / "qlora_gov.yaml").write_text(yaml.safe_dump(project))
        assert run(["policy", str(self.root)]) == 0

    def log(self, scores: Scores, *, of: str | None = None, task: str = "sums", model: str = "m", **more: Any) -> int:
        """Import a run of one task; ``of`` is the adapter's name in the log."""
        arguments = f"pretrained={model}" + (f",peft={of}" if of else "")
        name = f"{of or model}-{task}-{more.get('date', 0)}"
        path = write_run(self.root / "logs" / name, {task: {"acc": scores}}, arguments, model=model, **more)
        weights = ["--adapter", str(self.adapter)] if of else []
        return run(["import", "lm_eval", str(path), str(self.root), *weights])

    def __call__(self, command: str, *options: str) -> int:
        return run([command, str(self.root), *options])

    def entries(self, kind: str) -> list[Any]:
        """The entries of a kind."""
        return Ledger(self.root / ".qlora_gov" / "ledger.duckdb").entries(kind)

    def judged(self) -> Any:
        """The newest decision's only verdict."""
        return self.entries("decision")[-1].record.verdicts[0].verdict


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_run_with_an_adapter_is_not_taken_for_the_bases(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        "pretrained=m,enable_lora=True,lora_local_path=adapter",
        {"pretrained": "m", "enable_lora": True, "lora_local_path": "adapter"},
    ):
        path = write_run(project.root / "log", {"sums": {"acc": GOOD}}, arguments, backend="vllm")
        assert run(["import", "lm_eval", str(path), str(project.root)]) == 6
        error = capsys.readouterr().err
        assert "by the log the adapter 'adapter' answered, not the base; give its directory with --adapter" in error
        assert error.count("\n") == 1
    path = write_run(project.root / "log", {"sums": {"acc": GOOD}}, "pretrained=m", backend="vllm")
    assert run(["import", "lm_eval", str(path), str(project.root), "--adapter", str(project.adapter)]) == 6
    assert "by the log no adapter answered" in capsys.readouterr().err
    assert project.entries("adapter") == project.entries("responses") == [], "nothing is recorded of what is refused"


def test_that_two_logs_name_different_bases_is_said_at_the_gate(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.log(GOOD, model="tiny") == project.log(GOOD, of="adapter", model="huge") == 0
    assert project("gate") in (0, 3)
    said = "champion: its base is 'tiny', the candidate's 'huge'; that both are one model is a claim"
    assert said in capsys.readouterr().out


def test_what_a_log_cannot_tell_stands_on_the_card(project: Project) -> None:
    endpoint = {"model": "tuned", "base_url": "http://localhost"}
    path = write_run(project.root / "log", {"sums": {"acc": GOOD}}, endpoint, backend="local-completions")
    assert run(["import", "lm_eval", str(path), str(project.root), "--adapter", str(project.adapter)]) == 0
    assert project.log(GOOD, date=1.6e9) == 0
    project("gate")
    assert project("card") == 0
    for name in ("card.md", "card.html"):
        (card,) = project.root.glob(f".qlora_gov/cards/*/{name}")
        text = card.read_text()
        assert "Not shown by the log of the candidate: " in text
        assert "cannot tell whether an adapter answered; that this adapter did is a claim" in text
        assert "Not shown by the log of the champion" not in text
    assert project("verify") == 0


def test_another_base_beneath_the_adapter_stands_on_the_card(project: Project) -> None:
    assert project.log(GOOD, of="hub/a", model="org/one") == project.log(GOOD, model="org/other") == 0
    project("gate")
    assert project("card") == 0
    (card,) = project.root.glob(".qlora_gov/cards/*/card.md")
    text = card.read_text().replace("\\", "")
    assert "the log names the adapter 'hub/a', which is not at hand" in text
    assert "its base is 'org/other', the candidate's 'org/one'; that both are one model is a claim" in text


@pytest.mark.parametrize(
    ("scores", "reported", "why"),
    [
        (GOOD, {"acc": 0.8}, "left out, its rows average to 0.9, the results file says 0.8"),
        ([float("nan")] * 100, {}, "left out, not finite in 100 rows"),
        (["good"] * 100, {}, "left out, no number in 100 rows"),
    ],
)
def test_why_a_score_was_left_out_is_said_from_import_to_gate(
    project: Project, scores: Scores, reported: dict[str, float], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project.measure("sums/f1")
    write = {"sums": {"acc": scores, "f1": GOOD}}
    logs = project.root / "logs"
    base = write_run(logs / "base", write, reported={"sums": reported})
    tuned = write_run(logs / "tuned", write, "pretrained=m,peft=hub/a", reported={"sums": reported})
    weights = ("--adapter", str(project.adapter))
    assert run(["import", "lm_eval", str(base), str(project.root)]) == 0, "the policy does not use it"
    assert run(["import", "lm_eval", str(tuned), str(project.root), *weights]) == 0
    project("gate")
    assert project.judged().outcome.value == "PASS"
    project.measure("sums/acc")
    assert project("gate") == 1
    assert project.judged().reason.endswith(f"; of its log: sums/acc: {why}")
    capsys.readouterr()
    assert run(["import", "lm_eval", str(tuned), str(project.root), *weights]) == 6
    assert f"no row has a recorded score named 'sums/acc': {why}" in capsys.readouterr().err
    assert project("verify", "--intervals") == 0


def test_evaluations_on_other_tasks_are_chosen_by_task(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.measure("sums/acc")
    assert project.log(GOOD) == project.log(GOOD, of="hub/a") == 0
    project.measure("words/acc")
    assert project.log(GOOD, task="words") == project.log(GOOD, of="hub/a", task="words") == 0
    project.measure("sums/acc")
    capsys.readouterr()
    assert project("gate", "--evaluation", "sums") in (0, 3)
    out = capsys.readouterr().out
    assert "m with the adapter hub/a by lm-evaluation-harness 0.4.9" in out
    assert "100 rows of sums), 1 of 2 on record; --evaluation names another" in out
    assert project.judged().outcome.value == "PASS"
    assert project("plan", "--evaluation", "sums") == 0
    assert project("gate", "--evaluation", "chess") == 2
    error = capsys.readouterr().err
    assert "--evaluation: no evaluation is named 'chess'; there are " in error
    assert "100 rows of sums)" in error
    assert "100 rows of words)" in error


def test_a_base_that_was_imported_twice_is_chosen_by_its_id(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.log(BAD, date=1.7e9) == project.log(GOOD, date=1.71e9) == project.log(GOOD, of="hub/a") == 0
    first, second = (entry.id for entry in project.entries("evaluation")[:2])
    capsys.readouterr()
    project("gate")
    out = capsys.readouterr().out
    assert f"champion: {second[7:19]} (m by lm-evaluation-harness 0.4.9, begun 2024-03-09" in out, "the newest"
    assert "1 of 2 on record; --against names another" in out
    assert project.entries("decision")[-1].record.champion == second
    assert project("gate", "--against", "m") == 2
    assert "--against: 2 evaluations are named 'm'; there are " in capsys.readouterr().err
    project("gate", "--against", first[7:19])
    assert project.entries("decision")[-1].record.champion == first
    assert project("card") == 0
    (card,) = project.root.glob(".qlora_gov/cards/*/card.md")
    assert "On record, and not used: 1 other log of the champion's answers to the same rows." in card.read_text()
    assert project("verify") == 0


def test_of_several_bases_the_candidates_own_is_taken_or_one_is_named(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.log(BAD, model="other") == project.log(GOOD, model="m") == project.log(GOOD, of="hub/a") == 0
    other, own = (entry.id for entry in project.entries("evaluation")[:2])
    project("gate")
    assert project.entries("decision")[-1].record.champion == own, "as the candidate's log names its base"
    project("gate", "--against", "other")
    assert project.entries("decision")[-1].record.champion == other, "as asked for"
    assert project.log(GOOD, of="hub/a", model="third") == 0
    capsys.readouterr()
    assert project("gate") == 2
    error = capsys.readouterr().err
    assert "logs of several bases are on these rows: " in error
    assert "(other by lm-evaluation-harness" in error
    assert "(m by lm-evaluation-harness" in error
    assert "name one with --against" in error
    project("gate", "--against", "other")
    assert project.entries("decision")[-1].record.champion == other


def test_tasks_and_groups_of_a_run_are_chosen(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = {name: {"acc": GOOD} for name in ("sums", "words", "chess")}
    groups = {"games": ["chess"], "all": ["sums", "games"]}
    path = write_run(project.root / "log", tasks, groups=groups)
    (path.parent / "samples_words_1.jsonl").unlink()
    project.measure("chess/acc")
    for names, rows in ((["games"], 100), (["all"], 200), (["sums", "chess"], 200)):
        options = [part for name in names for part in ("--task", name)]
        assert run(["import", "lm_eval", str(path), str(project.root), *options]) == 0
        assert project.entries("responses")[-1].record.rows == rows
    assert run(["import", "lm_eval", str(path), str(project.root)]) == 6, "all, and samples of one are missing"
    capsys.readouterr()
    assert run(["import", "lm_eval", str(path), str(project.root), "--task", "go"]) == 6
    error = capsys.readouterr().err
    assert "no task or group of the run is named 'go'; there are all, chess, games, sums, words" in error
    alone = path.parent / "samples_sums_1.jsonl"
    assert run(["import", "lm_eval", str(alone), str(project.root), "--task", "sums"]) == 6
    assert "these are the samples of one task alone" in capsys.readouterr().err


def test_an_importer_without_tasks_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.support.imported import make_imported

    project = make_imported(tmp_path / "project")
    (project.root / "log.json").write_text("{}")
    assert run(["import", "toy", str(project.root / "log.json"), str(project.root), "--task", "sums"]) == 4
    assert "import --task: toy/toy takes no settings, but 'tasks' is set" in capsys.readouterr().err
