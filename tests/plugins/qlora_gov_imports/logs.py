"""Logs that the real tools write: lm-evaluation-harness on a tiny model, and Inspect on answers given to it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
TASKS = {
    "sums": {
        "output_type": "generate_until",
        "doc_to_target": "{{answer}}",
        "generation_kwargs": {"until": ["\n"], "max_gen_toks": 4, "do_sample": False},
        "metric_list": [{"metric": "exact_match"}, {"metric": "bleu"}],
    },
    # Asked twice, and filtered twice: the first answer as it is, and its first letter or "none".
    "letters": {
        "output_type": "generate_until",
        "doc_to_target": "none",
        "repeats": 2,
        "generation_kwargs": {"until": ["\n"], "max_gen_toks": 2, "do_sample": True, "temperature": 1.0},
        "filter_list": [
            {"name": "whole", "filter": [{"function": "take_first"}]},
            {
                "name": "letter",
                "filter": [
                    {"function": "regex", "regex_pattern": "([a-zA-Z])", "fallback": "none"},
                    {"function": "take_first"},
                ],
            },
        ],
        "metric_list": [{"metric": "exact_match"}],
    },
    "pick": {
        "output_type": "multiple_choice",
        "doc_to_target": "{{place}}",
        "doc_to_choice": "{{choices}}",
        "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}, {"metric": "brier_score"}],
    },
    "follow": {
        "output_type": "loglikelihood",
        "doc_to_target": " {{answer}}",
        "metric_list": [{"metric": "acc"}, {"metric": "perplexity", "aggregation": "perplexity"}],
    },
}
"""Tasks of lm-evaluation-harness, over one set of documents."""

ANSWERS = ("2", "4", "200", "four", "2", "a cat", "B", "two", "3", "200", "4", "4", "a dog", "A")
"""Two epochs of answers to the questions of inspect_run.py."""


def needs(module: str) -> None:
    """Skip the test where the tool is not installed."""
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")


def documents(count: int) -> list[dict[str, object]]:
    """Sums to answer or to pick the answer of; the last one repeats the first."""
    rows = []
    for number in [*range(count - 1), 0]:
        a, b = divmod(number, 10)
        choices = [str(a + b), str(a + b + 1)]
        place = number % 2
        rows.append(
            {
                "question": f"What is {a} + {b}?",
                "answer": str(a + b),
                "choices": choices[::-1] if place else choices,
                "place": place,
            }
        )
    return rows


def write_tasks(directory: Path, *, count: int = 20) -> Path:
    """Write :data:`TASKS` over ``count`` documents to a directory, for ``--include_path``."""
    directory.mkdir(parents=True, exist_ok=True)
    data = directory / "documents.jsonl"
    data.write_text("".join(f"{json.dumps(row)}\n" for row in documents(count)), encoding="utf-8")
    for name, task in TASKS.items():
        about = {
            "task": name,
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": {"test": str(data)}},
            "test_split": "test",
            "doc_to_text": "Q: {{question}}\nA:",
        }
        (directory / f"{name}.yaml").write_text(yaml.safe_dump(about | task), encoding="utf-8")
    return directory


def make_adapter(base: Path, path: Path, *, seed: int = 1) -> Path:
    """Write a LoRA adapter with random weights for a base, so that its answers differ from the base's."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    config = LoraConfig(r=8, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    with warnings.catch_warnings():  # peft asks for an attribute that transformers has renamed
        warnings.filterwarnings("ignore", category=FutureWarning)
        get_peft_model(AutoModelForCausalLM.from_pretrained(base), config).save_pretrained(path)
    return path


def make_lm_eval_log(
    output: Path, tasks: Path, base: Path, *, adapter: Path | None = None, names: Sequence[str] = tuple(TASKS)
) -> Path:
    """Run lm-evaluation-harness on a base, or an adapter on it, and return the directory of the one run's files.

    The directory is within ``output`` and named after the model, so that runs of several models can share it.
    """
    needs("lm_eval")
    arguments = f"pretrained={base},dtype=float32" + (f",peft={adapter}" if adapter else "")
    before = set(output.rglob("results_*.json"))
    command = [sys.executable, "-m", "lm_eval", "--model", "hf", "--model_args", arguments, "--tasks", ",".join(names)]
    command += ["--include_path", str(tasks), "--device", "cpu", "--batch_size", "16"]
    _run([*command, "--output_path", str(output), "--log_samples"], home=output.parent)
    (results,) = set(output.rglob("results_*.json")) - before
    return results.parent


def make_inspect_logs(directory: Path, *runs: Mapping[str, object]) -> list[Path]:
    """Evaluate seven questions with Inspect, once for each run, and return the logs.

    A run has ``answers``, given to the questions of one epoch after the other. It may have ``epochs`` (2),
    ``log_format`` (``eval``), and ``failing``: ``tolerated`` (the last sample fails, and the run goes on) or
    ``fatal`` (it ends the run).
    """
    needs("inspect_ai")
    directory.mkdir(parents=True, exist_ok=True)
    places = [directory / str(number) for number in range(len(runs))]
    specs = [{"log_dir": str(place), **run} for place, run in zip(places, runs, strict=True)]
    _run([sys.executable, str(HERE / "inspect_run.py"), json.dumps(specs)], home=directory)
    return [next(place.glob("*_arithmetic_*")) for place in places]


def _run(command: Sequence[str], *, home: Path) -> None:
    """Run a tool that writes its caches to ``home`` and finds no network."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(home / "hf"), "HOME": str(home), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env={**os.environ, **offline}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
