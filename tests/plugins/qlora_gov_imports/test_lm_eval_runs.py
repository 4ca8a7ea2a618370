"""Which files are a run: what is missing, too much or torn is one line that names the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlora_gov import DataError
from qlora_gov_imports.lm_eval import LmEval

pytestmark = pytest.mark.xdist_group("lm_eval")


def fails(path: Path, *words: str) -> None:
    with pytest.raises(DataError) as caught:
        LmEval().read(path)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def edit_results(run: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    (path,) = run.glob("results_*.json")
    results = json.loads(path.read_text(encoding="utf-8"))
    change(results)
    path.write_text(json.dumps(results), encoding="utf-8")
    return path


def samples_of(run: Path, task: str) -> Path:
    (path,) = run.glob(f"samples_{task}_*.jsonl")
    return path


def test_several_runs_are_listed_to_choose_from(lm_eval_logs):
    names = [
        str(next(run.glob("results_*.json")).relative_to(lm_eval_logs.output))
        for run in (lm_eval_logs.base, lm_eval_logs.adapter)
    ]
    fails(lm_eval_logs.output, str(lm_eval_logs.output), "holds 2 runs; name the results file of one: ", *names)


def test_nothing_there(tmp_path):
    fails(tmp_path / "absent", "absent: no such file or directory")
    fails(tmp_path, f"{tmp_path}: no results_*.json in it; give what lm-eval's --output_path named")


def test_a_run_without_samples_says_how_to_log_them(lm_eval_copy):
    for path in lm_eval_copy.glob("samples_*"):
        path.unlink()
    fails(lm_eval_copy, "results_", "no samples were logged; run lm-eval with --log_samples")


def test_samples_of_one_task_that_are_missing_are_named(lm_eval_copy):
    path = samples_of(lm_eval_copy, "sums")
    path.unlink()
    fails(lm_eval_copy, f"samples are missing beside it: {path.name}")


def test_samples_without_their_results_file(lm_eval_copy):
    path = samples_of(lm_eval_copy, "sums")
    for results in lm_eval_copy.glob("results_*"):
        results.unlink()
    fails(path, f"{path}: there must be one results_", "beside it, not 0")


def test_lines_that_are_cut_off_whole_are_noticed(lm_eval_copy):
    path = samples_of(lm_eval_copy, "sums")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    fails(lm_eval_copy, f"{path}: not the samples that results_", "cut short, edited, or of another run")


def test_the_samples_of_another_run_are_noticed(lm_eval_copy):
    path = samples_of(lm_eval_copy, "sums")
    path.write_bytes(samples_of(lm_eval_copy, "pick").read_bytes())
    fails(lm_eval_copy, f"{path}: not the samples that results_")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r.pop("lm_eval_version"), "not a results file of lm-evaluation-harness: lm_eval_version: field"),
        (lambda r: r.update(date="yesterday"), "date: input should be a valid number"),
        (lambda r: r.update(date=1e300), "date: not a time in seconds: "),
        (lambda r: r.update(date=float("nan")), "date: not a time in seconds: "),
        (lambda r: r["configs"].clear(), "configs: "),
        (lambda r: r.update(configs=[]), "configs: "),
    ],
)
def test_a_results_file_that_is_none(lm_eval_copy, change, words):
    path = edit_results(lm_eval_copy, change)
    fails(lm_eval_copy, f"{path}: ", words)


def test_a_torn_results_file(lm_eval_copy):
    (path,) = lm_eval_copy.glob("results_*.json")
    path.write_bytes(path.read_bytes()[:500])
    fails(lm_eval_copy, f"{path}: not valid JSON, or cut short: ")
    path.write_bytes(b"\xff\xfe\x00")
    fails(lm_eval_copy, f"{path}: not UTF-8: byte 1; save the file as UTF-8")
    path.write_text("[" * 100_000, encoding="utf-8")
    fails(lm_eval_copy, f"{path}: not usable JSON: ")


def test_an_older_results_file_without_digests_is_read(lm_eval_copy):
    edit_results(lm_eval_copy, lambda results: results.pop("task_hashes"))
    assert len(LmEval().read(lm_eval_copy).rows) == 80
