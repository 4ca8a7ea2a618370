"""Logs of Inspect, as it wrote them in both formats."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from qlora_gov import DataError
from qlora_gov_imports.inspect_logs import InspectLogs, InspectSettings
from tests.plugins.qlora_gov_imports.logs import ANSWERS

pytestmark = pytest.mark.xdist_group("inspect")
ORDER = (1, 2, 10, "chat", "several", "picture", "choices")
CANONICAL = (1, 2, 10, "chat", "choices", "picture", "several")


@pytest.fixture
def log(inspect_runs):
    return inspect_runs.first


def message_of(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        InspectLogs().read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_says_what_ran_when_and_on_which_model(log):
    from inspect_ai import __version__

    imported = InspectLogs().read(log)
    assert (imported.tool, imported.version, imported.model) == ("Inspect", __version__, "mockllm/model")
    began = datetime.fromisoformat(imported.began)
    assert began.utcoffset().total_seconds() == 0
    assert abs(began.timestamp() - log.stat().st_mtime) < 120
    assert imported.files == [log]


def test_each_epoch_is_a_row_and_a_samples_epochs_are_one_cluster(log):
    rows = InspectLogs().read(log).rows
    places = [(row.example.extra["sample_id"], row.example.extra["epoch"]) for row in rows]
    assert places == [(name, epoch) for name in CANONICAL for epoch in (1, 2)]
    assert Counter(row.example.group for row in rows) == dict.fromkeys(map(str, CANONICAL), 2)
    assert {place: row.response for place, row in zip(places, rows, strict=True)} == {
        (name, epoch): ANSWERS[(epoch - 1) * 7 + place] for place, name in enumerate(ORDER) for epoch in (1, 2)
    }


def test_samples_that_ask_the_same_are_one_cluster(log, tmp_path, monkeypatch):
    from inspect_ai.log import read_eval_log

    same = read_eval_log(log)
    for sample in same.samples:
        if sample.id in (2, 10):
            sample.input = "What is 1 + 1 ?"
        if sample.id == "several":
            sample.input, sample.choices = "Which is even?", ["2", "3"]
    monkeypatch.setattr("qlora_gov_imports.inspect_logs.read_log", lambda path: same)
    groups = Counter(row.example.group for row in InspectLogs().read(log).rows)
    assert groups == {"1": 6, "chat": 2, "several": 2, "picture": 2, "choices": 2}


def test_an_example_is_the_input_and_the_target(log):
    examples = {row.example.extra["sample_id"]: row.example for row in InspectLogs().read(log).rows}
    assert [(m.role, m.content) for m in examples[1].messages] == [("user", "What is 1 + 1?"), ("assistant", "2")]
    assert [(m.role, m.content) for m in examples["chat"].messages] == [
        ("system", "Be brief."),
        ("user", "2 + 2?"),
        ("assistant", ""),
    ]
    assert examples[10].question.endswith("198, 199"), "long texts are attachments of the log"
    parts = json.loads(examples["picture"].question)
    assert (parts[0]["text"], parts[1]["image"][:14]) == ("What is this?", "data:image/gif")
    assert examples["several"].reference == '["2", "4"]'
    assert list(examples["choices"].extra["choices"]) == ["1", "2"]
    assert len({example.extra["prompt_hash"] for example in examples.values()}) == len(examples)


def test_other_answers_in_the_other_format_give_equal_examples(inspect_runs):
    first, second = (InspectLogs().read(log) for log in (inspect_runs.first, inspect_runs.second))
    assert (inspect_runs.first.suffix, inspect_runs.second.suffix) == (".eval", ".json")
    assert [row.example for row in first.rows] == [row.example for row in second.rows]
    assert any(one.response != other.response for one, other in zip(first.rows, second.rows, strict=True))
    assert (
        first.settings
        == second.settings
        == {
            "task_version": 0,
            "epochs": 2,
            "score_on_error": False,
            "solvers": "answered",
        }
    )
    assert any(one.scores != other.scores for one, other in zip(first.rows, second.rows, strict=True))


def test_scores_are_numbers_as_inspect_counts_them(log):
    from inspect_ai.log import read_eval_log

    imported = InspectLogs().read(log)
    rows = {(row.example.extra["sample_id"], row.example.extra["epoch"]): row for row in imported.rows}
    matched = [row.scores["arithmetic/match"] for row in imported.rows]
    (reported,) = [score for score in read_eval_log(str(log)).results.scores if score.name == "match"]
    assert sum(matched) / len(matched) == pytest.approx(reported.metrics["accuracy"].value)
    assert 0 < sum(matched) < len(matched)
    assert rows[1, 1].scores == {
        "arithmetic/match": 1.0,
        "arithmetic/shape/words": 1.0,
        "arithmetic/shape/even": 1.0,
        "arithmetic/graded": 0.5,
    }
    graded = {name: rows[name, 1].scores.get("arithmetic/graded") for name in CANONICAL}
    assert graded == {1: 0.5, 2: 0, 10: 1, "chat": None, "choices": 1, "picture": 1, "several": None}
    assert imported.notes == ("arithmetic/graded: left out, no number in 2 rows, not finite in 2 rows",)


@pytest.mark.parametrize(
    ("value", "score", "note"),
    [
        ("4", 4.0, None),
        (" 0.5 ", 0.5, None),
        ("1e400", None, "arithmetic/match: left out, no number in 1 row"),
        ("4 of 5", None, "arithmetic/match: left out, no number in 1 row"),
        (float("inf"), None, "arithmetic/match: left out, not finite in 1 row"),
        (float("nan"), None, "arithmetic/match: left out, not finite in 1 row"),
    ],
)
def test_a_text_that_is_a_number_counts_and_what_is_none_is_left_out(inspect_runs, tmp_path, value, score, note):
    logged = json.loads(inspect_runs.second.read_text(encoding="utf-8"))
    logged["samples"][0]["scores"]["match"].update(value=value)
    log = tmp_path / "edited.json"
    log.write_text(json.dumps(logged), encoding="utf-8")
    imported = InspectLogs().read(log)
    row = next(row for row in imported.rows if row.example.extra["sample_id"] == logged["samples"][0]["id"])
    assert row.scores.get("arithmetic/match") == score
    assert (note in imported.notes) == (note is not None)


def test_a_failed_evaluation_says_why(inspect_runs):
    message = message_of(inspect_runs.fatal)
    assert message.startswith(f"{inspect_runs.fatal}: the evaluation's status is 'error', not 'success': ")
    assert "the sandbox did not start" in message


def test_a_failed_sample_is_named(inspect_runs):
    message = message_of(inspect_runs.tolerated)
    assert message.startswith(f"{inspect_runs.tolerated}: sample 'choices' of epoch ")
    assert "the sandbox did not start" in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v.update(status="started"), "the evaluation's status is 'started', not 'success'"),
        (lambda v: v.update(samples=[]), "no samples were logged; run Inspect without --no-log-samples"),
        (lambda v: v["samples"].pop(), "13 samples were logged of 14"),
        (lambda v: v.update(invalidated=True), "samples of this log were marked as invalid"),
        (lambda v: v.pop("eval"), "Inspect cannot read this log: "),
        (lambda v: v["eval"].pop("created"), "Inspect cannot read this log: "),
        (lambda v: v["samples"][0].update(input="half a \ud83d pair"), "Inspect cannot read this log: "),
        (lambda v: v["samples"][0].update(id=2**60), "cannot be recorded: "),
    ],
)
def test_a_broken_log_is_one_line(inspect_runs, tmp_path, change, words):
    value = json.loads(inspect_runs.second.read_text(encoding="utf-8"))
    change(value)
    log = tmp_path / "broken.json"
    log.write_text(json.dumps(value), encoding="utf-8")
    message = message_of(log)
    assert message.startswith(f"{log}: ")
    assert words in message


def test_a_torn_log_is_one_line(inspect_runs, tmp_path):
    for whole in (inspect_runs.first, inspect_runs.second):
        torn = Path(shutil.copy(whole, tmp_path / f"torn{whole.suffix}"))
        torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
        assert message_of(torn).startswith(f"{torn}: Inspect cannot read this log: ")


def test_no_log_at_all(tmp_path):
    assert message_of(tmp_path) == f"{tmp_path}: no log of Inspect in it; name one .eval or .json log"
    assert message_of(tmp_path / "no.eval").endswith("no.eval: no such file; name one .eval or .json log of Inspect")
    text = tmp_path / "notes.txt"
    text.write_text("hello", encoding="utf-8")
    assert message_of(text).startswith(f"{text}: Inspect cannot read this log: ")


def test_a_log_is_chosen_out_of_a_directory_by_its_task(inspect_runs, tmp_path):
    for place, log in (("a", inspect_runs.first), ("b", inspect_runs.second)):
        (tmp_path / place).mkdir()
        shutil.copy(log, tmp_path / place)
    (tmp_path / "eval-set.json").write_text('{"eval_set_id": "1"}')
    (first,) = (tmp_path / "a").iterdir()
    alone = InspectLogs().read(tmp_path / "a")
    assert alone.files == [first]
    task = alone.rows[0].example.extra["task"]
    assert InspectLogs(InspectSettings(tasks=(task,))).read(tmp_path / "a").rows == alone.rows
    assert InspectLogs(InspectSettings(tasks=(task,))).read(first).rows == alone.rows
    message = message_of(tmp_path)
    assert message.startswith(f"{tmp_path}: holds 2 logs; name the file of one, or its task: a/")
    assert message.count(f"({task} by {alone.model})") == 2
    for path, said in ((tmp_path, "holds 0 logs of task other; name the file"), (first, f"task {task}, not of other")):
        with pytest.raises(DataError, match=said):
            InspectLogs(InspectSettings(tasks=("other",))).read(path)
