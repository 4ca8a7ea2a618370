"""Scores are held against what the results file reports of all rows together."""

from __future__ import annotations

import json

import pytest

from qlora_gov_imports.lm_eval import LmEval

pytestmark = pytest.mark.xdist_group("lm_eval")


def test_an_edited_score_takes_the_metric_out(lm_eval_copy):
    (path,) = lm_eval_copy.glob("samples_pick_*.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    before = sum(line["acc"] for line in lines) / 20
    lines[2]["acc"] = 1 - lines[2]["acc"]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    imported = LmEval().read(path)
    assert {name for row in imported.rows for name in row.scores} == {"pick/acc_norm"}
    after = sum(line["acc"] for line in lines) / 20
    note = f"pick/acc: left out, its rows average to {after:.6g}, the results file says {before}"
    assert note in imported.notes


def test_a_score_that_some_rows_lack_stays_with_the_others(lm_eval_copy):
    (path,) = lm_eval_copy.glob("samples_pick_*.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[2]["acc"] = None
    lines[3]["acc"] = bool(lines[3]["acc"])
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    imported = LmEval().read(path)
    assert ["pick/acc" in row.scores for row in imported.rows].count(False) == 1
    assert imported.rows[3].scores["pick/acc"] == lines[3]["acc"]
    assert "pick/acc: left out, no number in 1 row" in imported.notes


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400])
def test_a_score_that_is_not_finite_is_left_out_of_its_row_alone(lm_eval_copy, value):
    (path,) = lm_eval_copy.glob("samples_pick_*.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[2]["acc"] = value
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    imported = LmEval().read(path)
    assert ["pick/acc" in row.scores for row in imported.rows].count(False) == 1
    assert all("pick/acc_norm" in row.scores for row in imported.rows)
    assert "pick/acc: left out, not finite in 1 row" in imported.notes


def test_a_metric_that_is_not_reported_is_left_out(lm_eval_copy):
    (results,) = lm_eval_copy.glob("results_*.json")
    value = json.loads(results.read_text(encoding="utf-8"))
    del value["results"]["pick"]["acc,none"]
    results.write_text(json.dumps(value), encoding="utf-8")
    imported = LmEval().read(lm_eval_copy)
    assert not any("pick/acc" in row.scores for row in imported.rows)
    note = "pick/acc: left out, the results file does not state it, so that nothing shows that it is a mean"
    assert note in imported.notes
