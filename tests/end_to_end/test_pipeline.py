"""The whole path on a tiny base: done once, looked up after that, and resumed after a kill at any stage."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from qlora_gov.records import Adapter, Decision, DecisionOutcome
from tests.support.project import SOURCE, make_project
from tests.support.rederive import agrees, check

KILLER = '''
"""Components that kill their process the first time they are used, and work ever after."""

import os
import shutil
import signal
from pathlib import Path

import numpy as np

from qlora_gov import FilterSpec, GateSpec, Interval, MeanMetric, MetricSpec, Outcome, Settings, Verdict, hookimpl


class Marker(Settings):
    marker: str = ""


def die_once(settings):
    if settings.marker and not Path(settings.marker).exists():
        Path(settings.marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)


class Filter:
    def __init__(self, settings):
        self.settings = settings

    def apply(self, rows):
        die_once(self.settings)
        return rows


class Words(MeanMetric):
    def __init__(self, settings):
        self.settings = settings

    def score_row(self, row):
        die_once(self.settings)
        return float(len(row.response))


class Yes:
    def __init__(self, settings):
        self.settings = settings

    def decide(self, comparison):
        die_once(self.settings)
        return Verdict(outcome=Outcome.PASS, reason="yes", estimate=0.0)


@hookimpl
def qlora_gov_filters():
    return [FilterSpec(name="mortal_filter", summary="dies", factory=Filter, config=Marker)]


@hookimpl
def qlora_gov_metrics():
    return [MetricSpec(name="mortal_metric", summary="dies", factory=Words, config=Marker,
                       components=MeanMetric.components, higher_is_better=True, margin="absolute")]


@hookimpl
def qlora_gov_gates():
    return [GateSpec(name="mortal_gate", summary="dies", factory=Yes, config=Marker)]
'''


def _project(root: Path, base: Path, victim: str = "") -> Path:
    root.mkdir(parents=True)
    (root / "plugins").mkdir()
    (root / "plugins" / "killer.py").write_text(KILLER)

    def marker(name: str) -> dict[str, str]:
        return {"use": f"mortal_{name}", "marker": str(root / "died") if name == victim else ""}

    return make_project(
        root,
        base,
        plugins=["plugins"],
        data={
            "training": {"sources": [{"path": "train.jsonl", **SOURCE}], "steps": [marker("filter")]},
            "evaluation": {"sources": [{"path": "evaluation.jsonl", **SOURCE}]},
        },
        evaluation={
            "generation": {"max_new_tokens": 8, "batch_size": 4},
            "metrics": ["perplexity", marker("metric")],
            "guardrails": ["pii"],
        },
        policy={"rules": [{**marker("gate"), "metric": "perplexity"}]},
    )


def _command(project: Path) -> subprocess.Popen[bytes]:
    """Start ``run`` in a process of its own, one thread, so that sums are added in one order."""
    arguments = [sys.executable, "-m", "qlora_gov", "run", str(project)]
    with (project.parent / "log").open("ab") as log:
        return subprocess.Popen(arguments, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=log, stderr=log)


def _adapter(root: Path) -> Adapter:
    record = Ledger(root / ".qlora_gov" / "ledger.duckdb").entries("adapter")[-1].record
    assert isinstance(record, Adapter)
    return record


def _kill_when(process: subprocess.Popen[bytes], reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not reached():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "the stage was never reached"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Adapter:
    root = tmp_path_factory.mktemp("uninterrupted") / "project"
    assert _command(_project(root, tiny_base)).wait(300) == 0
    return _adapter(root)


@pytest.mark.xdist_group("kill")
@pytest.mark.parametrize("stage", ["filter", "train", "respond", "metric", "gate"])
def test_a_killed_run_goes_on_where_it_was(stage: str, tmp_path: Path, tiny_base: Path, uninterrupted: Adapter) -> None:
    root = tmp_path / "project"
    project = _project(root, tiny_base, stage)
    work = root / ".qlora_gov" / "work"
    reached = {
        "train": lambda: any(work.glob("*/checkpoints/checkpoint-3/whole")),
        "respond": lambda: any(path.stat().st_size for path in work.glob("*/responses.jsonl")),
    }
    process = _command(project)
    if stage in reached:
        _kill_when(process, reached[stage])
    assert process.wait(300) == -signal.SIGKILL
    before = [entry.hash for entry in Ledger(root / ".qlora_gov" / "ledger.duckdb").entries()]
    again = _command(project)
    assert again.wait(300) == 0, (root / "log").read_text()
    after = [entry.hash for entry in Ledger(root / ".qlora_gov" / "ledger.duckdb").entries()]
    assert after[: len(before)] == before, "nothing finished is lost or done again"
    assert len(after) == 14
    assert _adapter(root).digest == uninterrupted.digest
    assert _adapter(root).training == uninterrupted.training
    assert not list(work.glob("*")), "nothing unfinished is left"
    assert run(["verify", str(project)]) == 0


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    project = make_project(tmp_path_factory.mktemp("finished") / "project", tiny_base)
    assert run(["run", str(project)]) == 0
    return project.parent


def _ledger(root: Path) -> Ledger:
    return Ledger(root / ".qlora_gov" / "ledger.duckdb")


def test_a_run_leaves_an_entry_for_every_stage(finished: Path) -> None:
    kinds = [entry.kind for entry in _ledger(finished).entries()]
    assert kinds == ["policy", "policy", "base", "dataset", "dataset", "adapter", "responses", "evaluation",
                     "responses", "evaluation", "decision", "alias", "about", "card"]  # fmt: skip


def test_a_second_run_does_nothing_again(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _ledger(finished).head()
    card = next(finished.glob(".qlora_gov/cards/*/card.md"))
    text = card.read_bytes()
    assert run(["run", str(finished)]) == 0
    assert _ledger(finished).head() == before
    assert card.read_bytes() == text
    assert "APPROVED" in capsys.readouterr().out


def test_an_adapter_is_safetensors_and_json_and_names_no_path(finished: Path) -> None:
    adapter = _adapter(finished)
    assert set(adapter.files) == {"adapter_config.json", "adapter_model.safetensors"}
    config = json.loads(next(finished.glob(".qlora_gov/adapters/*/adapter_config.json")).read_text())
    assert config["base_model_name_or_path"] == "tiny"


def test_an_approved_adapter_is_promoted_by_a_step_of_its_own(finished: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    ledger = _ledger(copy)
    decision = ledger.entries("decision")[-1].record
    assert isinstance(decision, Decision)
    assert decision.outcome is DecisionOutcome.APPROVED
    assert ledger.alias("champion") is None
    card = next(copy.glob(".qlora_gov/cards/*/card.md")).read_bytes()
    assert run(["promote", str(copy)]) == 0
    champion = ledger.alias("champion")
    assert champion is not None
    assert champion.record.adapter == _adapter(copy).id  # type: ignore[attr-defined]
    assert run(["run", str(copy)]) == 0
    assert [path.read_bytes() for path in copy.glob(".qlora_gov/cards/*/card.md")] == [card], "the same card"


def test_every_measured_number_of_the_card_follows_from_the_rows(finished: Path) -> None:
    (card,) = finished.glob(".qlora_gov/cards/*/card.md")
    numbers = list(check(finished / ".qlora_gov" / "ledger.duckdb", card))
    assert {"perplexity of the candidate", "rouge_l of the champion"} <= {what for what, *_ in numbers}
    assert [what for what, *values in numbers if not agrees(*values)] == []


def test_an_edited_evaluation_set_is_not_the_one_that_was_decided_on(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    rows = copy / "evaluation.jsonl"
    rows.write_bytes(rows.read_bytes().replace(b"Tell card 0?", b"Tell card 0!"))
    assert run(["promote", str(copy)]) == 14
    assert "the project's evaluation set is not the one that was decided on" in capsys.readouterr().err


def test_gate_decides_again_without_a_model(finished: Path) -> None:
    """In a process of its own, which must load neither torch nor transformers."""
    code = (
        "import sys; from qlora_gov.cli.main import run; "
        f"code = run(['gate', {str(finished)!r}]); loaded = set(sys.modules) & {{'torch', 'transformers', 'peft'}}; "
        "sys.exit(f'loaded {loaded}' if loaded else code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "APPROVED" in done.stdout


def test_rules_changed_after_the_answers_make_an_exploratory_decision(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    file = copy / "qlora_gov.yaml"
    file.write_text(file.read_text().replace("margin: 0.05", "margin: 0.5"))
    moves = len(_ledger(copy).entries("alias"))
    assert run(["gate", str(copy)]) == 3
    assert "EXPLORATORY" in capsys.readouterr().out
    assert len(_ledger(copy).entries("alias")) == moves
    decision = _ledger(copy).entries("decision")[-1].record
    assert isinstance(decision, Decision)
    assert (decision.exploratory, decision.look) == (True, 2)


def test_a_reference_that_is_not_there_is_told_before_the_training(
    tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = {"use": "non_inferior", "metric": "perplexity", "margin": 0.05, "against": "reference"}
    reference = f"sha256:{'0' * 64}"
    project = make_project(tmp_path, tiny_base, policy={"rules": [rule], "reference": reference})
    assert run(["run", str(project)]) == 9
    assert f"the ledger holds no record {reference}" in capsys.readouterr().err
    assert _ledger(tmp_path).entries("adapter") == []


def test_an_edited_adapter_is_trained_again_and_named_by_verify(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    weights = next(copy.glob(".qlora_gov/adapters/*/adapter_model.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x00")
    assert run(["verify", str(copy)]) == 12
    assert "adapter_model.safetensors" in capsys.readouterr().out
    assert run(["run", str(copy)]) in (0, 3)
    assert run(["verify", str(copy)]) == 0
