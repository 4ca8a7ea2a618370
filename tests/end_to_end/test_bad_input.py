"""Bad input gets one clear line, the exit code of its kind, and loses nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from tests.support.project import SOURCE, make_project, rows, write_rows
from tests.support.tiny import make_tiny_base

Breaks = Callable[[Path], dict[str, Any]]


def _training(**settings: Any) -> dict[str, Any]:
    return {"training": {"use": "nf4-qlora", "preset": "demo", "rank": 2, **settings}}


def _data(*steps: Any, path: str = "train.jsonl") -> dict[str, Any]:
    training = {"sources": [{"path": path, **SOURCE}], "steps": list(steps)}
    evaluation = {"sources": [{"path": "evaluation.jsonl", **SOURCE}]}
    return {"data": {"training": training, "evaluation": evaluation}}


def _second_line(text: str) -> Breaks:
    def write(root: Path) -> dict[str, Any]:
        good = json.dumps(rows(1, "Ask")[0])
        (root / "broken.jsonl").write_text(f"{good}\n{text}\n")
        return _data(path="broken.jsonl")

    return write


def _plugin(*sources: str) -> Breaks:
    def write(root: Path) -> dict[str, Any]:
        for number, source in enumerate(sources):
            directory = root / f"plugins{number}"
            directory.mkdir()
            (directory / "mine.py").write_text(source)
        return {"plugins": [f"plugins{number}" for number in range(len(sources))]}

    return write


GOOD_PLUGIN = "from qlora_gov import hookimpl\n\n@hookimpl\ndef qlora_gov_metrics():\n    return []\n"
ONLY_USER = json.dumps({"messages": [{"role": "user", "content": "Hello"}]})

CASES: list[tuple[str, Breaks, int, str]] = [
    ("missing data file", lambda root: _data(path="absent.jsonl"), 4, "data.training.sources[0]: path: no such file"),
    ("malformed JSONL", _second_line("{oops"), 6, "broken.jsonl:2"),
    ("no assistant turn", _second_line(ONLY_USER), 6, "broken.jsonl:2"),
    (
        "nothing left",
        lambda root: _data({"use": "length", "answer": {"min_words": 99}}),
        6,
        "no training data is left: 16 rows read; data/length dropped 16",
    ),
    ("unknown section", lambda root: {"trainig": {}}, 4, "did you mean 'training'?"),
    ("unknown setting", lambda root: _training(learnig_rate=1), 4, "did you mean 'learning_rate'?"),
    (
        "unknown component",
        lambda root: {"training": {"use": "nf4-qlara"}},
        5,
        "no trainer is named 'nf4-qlara'; did you mean 'nf4-qlora'?",
    ),
    ("plugins with one name", _plugin(GOOD_PLUGIN, GOOD_PLUGIN), 5, "two plugins are named 'mine'"),
    ("plugin that fails to import", _plugin("import nonesuch"), 5, "plugin 'mine' of plugins0/mine.py fails to import"),
    ("no base", lambda root: {"base": "nobody/nothing"}, 7, "base: 'nobody/nothing' is neither a directory"),
    ("no target modules", lambda root: _training(targets=["query"]), 7, "no linear layer named 'query'; it has"),
    (
        "no chat template",
        lambda root: {"base": str(make_tiny_base(root / "plain", chat_template=None))},
        7,
        "has no chat template",
    ),
    ("row too long", lambda root: _training(max_length=8), 6, "tokens, over training.max_length 8 (and 15 more rows)"),
    ("diverging", lambda root: _training(learning_rate=1e30, warmup_steps=0, epochs=3), 8, "no adapter is recorded"),
]


@pytest.mark.parametrize(("breaks", "code", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_one_line_and_the_right_code(
    breaks: Breaks, code: int, said: str, tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_project(tmp_path, tiny_base)
    changes = breaks(tmp_path)
    project = make_project(tmp_path, tiny_base, **changes)
    assert run(["run", str(project)]) == code
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("qlora-gov:")]
    assert len(lines) == 1
    assert said in lines[0]
    ledger = Ledger(tmp_path / ".qlora_gov" / "ledger.duckdb")
    assert not ledger.entries("adapter")
    assert not ledger.exists() or run(["verify", str(make_project(tmp_path, tiny_base))]) == 0


def test_every_mistake_of_a_project_is_a_line(
    tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(tmp_path, tiny_base, trainig={}, sed=1, policy={"ruls": []})
    assert run(["run", str(project)]) == 4
    place = rf"qlora-gov: {re.escape(str(project))}:\d+: unknown key "
    wrong = [("trainig", "training"), ("sed", "seed"), ("policy.ruls", "rules")]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    for key, near in wrong:
        assert any(re.fullmatch(rf"{place}'{key}'; did you mean '{near}'\?", line) for line in said)


BROKEN_METRIC = """
import numpy as np
from qlora_gov import MetricSpec, hookimpl


class Broken:
    def score(self, rows):
        n = len(rows)
        return {bad}

    def aggregate(self, sums):
        return sums[..., 0]


@hookimpl
def qlora_gov_metrics():
    return [MetricSpec(name="broken", summary="is broken", factory=Broken, components=("a", "b"),
                       higher_is_better=True, margin="absolute")]
"""


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("np.full((n, 2), np.nan), np.ones(n, dtype=bool)", "not finite"),
        ("np.ones((n, 3)), np.ones(n, dtype=bool)", "(12, 3)"),
        ("1 / 0", "ZeroDivisionError"),
        ("np.ones((n, 2)), np.arange(n) > 2", "3 of 12 rows could not be scored"),
    ],
)
def test_a_metric_that_misbehaves_closes_the_gate(
    bad: str, said: str, tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "broken.py").write_text(BROKEN_METRIC.replace("{bad}", bad))
    project = make_project(
        tmp_path,
        tiny_base,
        plugins=["plugins"],
        evaluation={"generation": {"max_new_tokens": 2}, "metrics": ["broken"]},
        policy={"rules": [{"use": "at_least", "metric": "broken", "limit": 0.0}]},
    )
    assert run(["run", str(project)]) == 1
    assert said in capsys.readouterr().out
    assert not Ledger(tmp_path / ".qlora_gov" / "ledger.duckdb").alias("champion")
    assert run(["verify", str(project)]) == 0


def test_a_project_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", str(tmp_path / "absent.yaml")]) == 4
    assert "'qlora-gov init' writes one" in capsys.readouterr().err


def test_init_writes_a_project_that_loads(tmp_path: Path) -> None:
    from qlora_gov.project.file import load_project

    assert run(["init", str(tmp_path)]) == 0
    assert load_project(tmp_path / "qlora_gov.yaml").training.use == "nf4-qlora"
    assert run(["init", str(tmp_path)]) == 2
    write_rows(tmp_path / "data" / "train.jsonl", rows(2, "Ask"))
    write_rows(tmp_path / "data" / "evaluation.jsonl", rows(2, "Tell"))
