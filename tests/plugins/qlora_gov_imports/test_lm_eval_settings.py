"""What of a run of lm-evaluation-harness must be the same for two to be compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlora_gov_imports.lm_eval import LmEval
from tests.support.lm_eval_runs import write_run

Results = dict[str, Any]
TASK = {
    "doc_to_text": "{{question}}",
    "fewshot_delimiter": "\n\n",
    "target_delimiter": " ",
    "metric_list": [{"metric": "exact_match", "ignore_case": False}],
    "filter_list": [{"name": "none", "filter": [{"function": "take_first"}]}],
    "metadata": {"version": 3.0, "pretrained": "m", "config_source": "/here/sums.yaml"},
    "dataset_kwargs": {"data_files": "/here"},
    "process_docs": "functools.partial(<function f at 0x7f12>)",
    "fewshot_config": {"sampler": "default", "doc_to_text": "{{question}}", "gen_prefix": None},
}


def unchanged(results: Results) -> None:
    """Leave a results file as it is."""


def settings_of(
    directory: Path, change: Callable[[Results], None] = unchanged, tasks: tuple[str, ...] = ("sums",), **sample: Any
) -> dict[str, Any]:
    """The settings of a run that was changed in its results file, or in all samples."""
    path = write_run(directory, {task: {"acc": [1.0, 0.0]} for task in tasks})
    results = json.loads(path.read_text())
    results["configs"] = {task: results["configs"][task] | TASK for task in tasks}
    results |= {"versions": dict.fromkeys(tasks, 3.0), "n-shot": dict.fromkeys(tasks, 0)}
    results["config"] |= {"limit": None, "fewshot_seed": 1234, "batch_size": 8, "device": "cpu"}
    change(results)
    path.write_text(json.dumps(results))
    for samples in directory.glob("samples_*"):
        lines = [json.loads(line) | sample for line in samples.read_text().splitlines()]
        samples.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return dict(LmEval().read(path).settings)


def changes(tmp_path: Path, change: Callable[[Results], None] = unchanged, **sample: Any) -> set[str]:
    """The names of the settings in which a changed run differs."""
    one, other = settings_of(tmp_path / "one"), settings_of(tmp_path / "other", change, **sample)
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


def asked(**arguments: Any) -> dict[str, Any]:
    """A request with other arguments."""
    return {"gen_args_0": {"arg_0": "what is 0?", "arg_1": {"until": ["\n"]} | arguments}}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda r: r["versions"].update(sums=4.0), "version"),
        (lambda r: r["config"].update(limit=2), "limit"),
        (lambda r: r.update(chat_template_sha="a"), "chat_template_sha"),
        (lambda r: r.update(system_instruction_sha="a"), "system_instruction_sha"),
        (lambda r: r["configs"]["sums"].update(target_delimiter=""), "target_delimiter"),
        (lambda r: r["configs"]["sums"].update(repeats=4), "repeats"),
        (lambda r: r["configs"]["sums"].update(process_results="def f(): ..."), "process_results"),
        (
            lambda r: r["configs"]["sums"].update(metric_list=[{"metric": "exact_match", "ignore_case": True}]),
            "metric_list.exact_match.ignore_case",
        ),
        (
            lambda r: r["configs"]["sums"].update(filter_list=[{"name": "none", "filter": [{"function": "regex"}]}]),
            "filter_list.none.filter",
        ),
    ],
)
def test_each_setting_that_changes_answers_or_scores_is_told(
    tmp_path: Path, change: Callable[[Results], None], name: str
) -> None:
    assert changes(tmp_path, change) == {name}


def test_settings_of_examples_count_where_there_are_some(tmp_path: Path) -> None:
    assert changes(tmp_path, lambda r: r["n-shot"].update(sums=5)) == {
        "num_fewshot",
        "fewshot_seed",
        "fewshot_delimiter",
        "fewshot_config.sampler",
    }


def test_samples_tell_the_filters_and_the_arguments_of_requests(tmp_path: Path) -> None:
    assert changes(tmp_path / "a", filter="flexible-extract") == {"filters"}
    assert changes(tmp_path / "b", arguments=asked(max_gen_toks=8)) == {"generation_kwargs.max_gen_toks"}
    assert changes(tmp_path / "c", arguments=asked(until=["."])) == {"generation_kwargs.until"}


def test_arguments_that_vary_among_documents_are_one_setting(tmp_path: Path) -> None:
    path = write_run(tmp_path, {"sums": {"acc": [1.0, 0.0]}})
    (samples,) = tmp_path.glob("samples_*")
    first, second = samples.read_text().splitlines()
    samples.write_text(f"{first}\n{json.dumps(json.loads(second) | {'arguments': asked(temperature=1)})}\n")
    found = LmEval().read(path).settings
    assert found["generation_kwargs"] == [{"temperature": 1, "until": ["\n"]}, {"until": ["\n"]}]


def test_what_may_differ_between_a_base_and_an_adapter_is_not_read(tmp_path: Path) -> None:
    def elsewhere(results: Results) -> None:
        task = results["configs"]["sums"]
        task["metadata"] |= {"peft": "a", "config_source": "/there/sums.yaml"}
        task["dataset_kwargs"] = {"data_files": "/there"}
        task["process_docs"] = task["process_docs"].replace("7f12", "7e34")
        results["config"] |= {"batch_size": 1, "device": "cuda", "torch_seed": 7, "fewshot_seed": 7, "peft_sha": ""}
        results["fewshot_as_multiturn"] = False

    assert changes(tmp_path, elsewhere) == set()


def test_settings_of_several_tasks_bear_their_names(tmp_path: Path) -> None:
    found = settings_of(tmp_path, lambda r: r["n-shot"].update(words=5), ("sums", "words"))
    assert (found["sums: num_fewshot"], found["words: num_fewshot"], found["fewshot_seed"]) == (0, 5, 1234)
    assert "num_fewshot" not in found
