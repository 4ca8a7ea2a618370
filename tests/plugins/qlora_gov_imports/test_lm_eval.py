"""Runs of lm-evaluation-harness, as it wrote them: every value against the log, read in another way."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qlora_gov_imports.lm_eval import LmEval, LmEvalSettings
from tests.support.lm_eval_runs import write_run

pytestmark = pytest.mark.xdist_group("lm_eval")


@pytest.fixture(scope="module")
def base(lm_eval_logs):
    return LmEval().read(lm_eval_logs.base)


@pytest.fixture(scope="module")
def adapter(lm_eval_logs):
    return LmEval().read(lm_eval_logs.adapter)


def of_task(imported, task):
    return [row for row in imported.rows if row.example.extra["task"] == task]


def lines_of(directory: Path, task: str) -> list[dict]:
    (path,) = directory.glob(f"samples_{task}_*.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def results_of(directory: Path) -> dict:
    (path,) = directory.glob("results_*.json")
    return json.loads(path.read_text(encoding="utf-8"))


def test_says_what_ran_when_and_on_which_model(base, adapter, lm_eval_logs, tiny_base):
    results = results_of(lm_eval_logs.base)
    assert (base.tool, base.version) == ("lm-evaluation-harness", results["lm_eval_version"])
    assert base.model == str(tiny_base)
    assert adapter.model == f"{tiny_base} with the adapter {lm_eval_logs.output.parent / 'adapter'}"
    assert base.began == datetime.fromtimestamp(results["date"], UTC).isoformat(timespec="milliseconds")
    assert sorted(base.files) == sorted(lm_eval_logs.base.iterdir())


def test_two_models_give_equal_examples_and_other_answers(base, adapter):
    assert [row.example for row in base.rows] == [row.example for row in adapter.rows]
    assert len({row.example.source for row in base.rows}) == len(base.rows) == 4 * 20
    for task in ("sums", "letters", "pick", "follow"):
        pairs = list(zip(of_task(base, task), of_task(adapter, task), strict=True))
        assert any(one.response != other.response for one, other in pairs), task
    assert any(one.scores != other.scores for one, other in zip(base.rows, adapter.rows, strict=True))


def test_two_models_that_were_asked_alike_have_equal_settings(base, adapter):
    assert base.settings == adapter.settings
    assert base.settings["sums: generation_kwargs.max_gen_toks"] == 4
    assert base.settings["letters: filters"] == "letter, whole"
    assert base.settings["pick: num_fewshot"] == 0


def test_rows_are_in_the_order_of_task_and_document(base):
    places = [(row.example.extra["task"], row.example.extra["doc_id"]) for row in base.rows]
    assert places == sorted(places)


def test_an_example_is_the_prompt_and_the_target_with_their_hashes(base, lm_eval_logs):
    for row, line in zip(of_task(base, "sums"), lines_of(lm_eval_logs.base, "sums"), strict=True):
        example = row.example
        assert [(turn.role, turn.content) for turn in example.messages] == [
            ("user", f"Q: {line['doc']['question']}\nA:"),
            ("assistant", line["doc"]["answer"]),
        ]
        hashes = {key: line[key] for key in ("doc_hash", "prompt_hash", "target_hash")}
        assert example.extra == {"task": "sums", "doc_id": line["doc_id"], **hashes}
        assert row.response == line["filtered_resps"][0] == line["resps"][0][0]


def test_repeats_of_one_document_are_one_cluster_in_all_tasks(base):
    groups = Counter(row.example.group for row in base.rows)
    assert sorted(groups.values()) == [4] * 18 + [8]


def copies(tmp_path: Path, *, prompts: int, options: int = 0, **changes: str) -> Path:
    """A run of 20 documents, each with a hash of its own, that ask so many different prompts."""
    run = write_run(tmp_path, {"sums": {"acc": [1.0, 0.0] * 10}})
    (path,) = tmp_path.glob("samples_*.jsonl")
    samples = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for at, sample in enumerate(samples):
        offered = [f" {option}" for option in range(at, at + options)] or [{"until": ["."]}]
        prompt = f"What is  {at % prompts}?" if at % 2 else f"w\u200bhat is {at % prompts}\n"
        offered = offered[::-1] if at % 2 else offered
        asked = [{"arg_0": prompt, "arg_1": option} for option in offered]
        sample |= {"arguments": {f"gen_args_{place}": one for place, one in enumerate(asked)}} | changes
    path.write_text("".join(json.dumps(sample) + "\n" for sample in samples), encoding="utf-8")
    return run


def sizes(run: Path) -> list[int]:
    return sorted(Counter(row.example.group for row in LmEval().read(run).rows).values())


def test_documents_that_ask_the_same_are_one_cluster_whatever_their_hash(tmp_path):
    assert sizes(copies(tmp_path, prompts=5)) == [4] * 5


def test_a_prompt_with_other_options_asks_something_else(tmp_path):
    assert sizes(copies(tmp_path, prompts=1, options=2)) == [1] * 20


def test_one_document_is_one_cluster_however_it_is_asked(tmp_path):
    assert sizes(copies(tmp_path, prompts=20, doc_hash="d")) == [20]


def test_groups_have_the_names_that_they_have_where_nothing_is_shared(tmp_path):
    rows = LmEval().read(copies(tmp_path, prompts=20)).rows
    assert [row.example.group for row in rows] == [f"sums:{row.example.extra['doc_hash']}" for row in rows]


def test_a_row_scores_what_the_harness_averages(base, lm_eval_logs):
    reported = results_of(lm_eval_logs.base)["results"]
    names = {
        "follow/acc": reported["follow"]["acc,none"],
        "letters/exact_match,letter": reported["letters"]["exact_match,letter"],
        "letters/exact_match,whole": reported["letters"]["exact_match,whole"],
        "pick/acc": reported["pick"]["acc,none"],
        "pick/acc_norm": reported["pick"]["acc_norm,none"],
        "sums/exact_match": reported["sums"]["exact_match,none"],
    }
    assert {name for row in base.rows for name in row.scores} == names.keys()
    for name, value in names.items():
        scores = [row.scores[name] for row in of_task(base, name.split("/")[0])]
        assert sum(scores) / 20 == pytest.approx(value, abs=1e-12)
    assert 0 < names["pick/acc"] < 1, "a test of scores that are all the same could not fail"
    assert 0 < names["letters/exact_match,letter"] < 1


def test_a_choice_is_shown_in_the_words_of_its_option(base, lm_eval_logs):
    rows = of_task(base, "pick")
    for row, line in zip(rows, lines_of(lm_eval_logs.base, "pick"), strict=True):
        assert list(row.example.extra["options"]) == line["doc"]["choices"]
        assert row.example.reference == line["doc"]["answer"]
        assert row.scores["pick/acc"] == (row.response == row.example.reference)
    assert {row.example.reference == row.example.extra["options"][0] for row in rows} == {True, False}


def test_several_filters_are_scores_of_one_row_with_all_that_was_said(base, lm_eval_logs):
    lines = lines_of(lm_eval_logs.base, "letters")
    assert len(lines) == 40
    whole = {line["doc_id"]: line for line in lines if line["filter"] == "whole"}
    letter = {line["doc_id"]: line for line in lines if line["filter"] == "letter"}
    for row in of_task(base, "letters"):
        number = row.example.extra["doc_id"]
        assert json.loads(row.response) == whole[number]["resps"][0]
        assert row.scores == {
            "letters/exact_match,whole": whole[number]["exact_match"],
            "letters/exact_match,letter": letter[number]["exact_match"],
        }


def test_a_likelihood_is_shown_as_it_was_logged(base, lm_eval_logs):
    for row, line in zip(of_task(base, "follow"), lines_of(lm_eval_logs.base, "follow"), strict=True):
        assert json.loads(row.response) == line["filtered_resps"][0]


def test_what_is_no_score_of_a_row_is_left_out_and_said(base):
    assert [note.split(",")[0] for note in base.notes] == [
        "follow/perplexity: left out",
        "pick/brier_score: left out",
        "sums/bleu: left out",
    ]
    assert "its rows average to -" in base.notes[0]  # a log-likelihood: higher is better, of a perplexity lower is
    assert base.notes[2] == "sums/bleu: left out, no number in 20 rows"


def test_a_results_file_is_its_run(base, lm_eval_logs):
    (results,) = lm_eval_logs.base.glob("results_*.json")
    assert LmEval().read(results) == base


def test_a_file_of_samples_is_its_task_alone(base, lm_eval_logs):
    (samples,) = lm_eval_logs.base.glob("samples_pick_*.jsonl")
    alone = LmEval().read(samples)
    assert alone.rows == LmEval(LmEvalSettings(tasks=("pick",))).read(lm_eval_logs.base).rows
    assert [row.response for row in alone.rows] == [row.response for row in of_task(base, "pick")]
    assert [path.name.split("_")[0] for path in alone.files] == ["results", "samples"]
    assert alone.notes[0] == "of the run's tasks only pick; not follow, letters, sums"


def test_lines_in_another_order_give_the_same_rows(base, lm_eval_copy):
    (path,) = lm_eval_copy.glob("samples_pick_*.jsonl")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(reversed(lines)), encoding="utf-8")
    (results,) = lm_eval_copy.glob("results_*.json")
    value = json.loads(results.read_text(encoding="utf-8"))
    del value["task_hashes"]["pick"]  # of the lines in their order
    results.write_text(json.dumps(value), encoding="utf-8")
    assert LmEval().read(lm_eval_copy).rows == base.rows
