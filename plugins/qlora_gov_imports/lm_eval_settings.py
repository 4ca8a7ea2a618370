"""How a run of lm-evaluation-harness asked for answers and scored them, as far as that makes other numbers.

Not read are the model and its arguments, batch size, device and process seeds, which may be others for an adapter;
and the run's ``gen_kwargs``, since every sample holds the arguments that came of them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from qlora_gov_imports.canonical import settings
from qlora_gov_imports.lm_eval_runs import Results, Run
from qlora_gov_imports.lm_eval_samples import Sample

_OTHERWISE_KNOWN = frozenset(
    {
        # names
        "task",
        "task_alias",
        "tag",
        "group",
        # where documents come from, which may be another path: the rows hold the documents themselves
        "dataset_path",
        "dataset_name",
        "dataset_kwargs",
        "custom_dataset",
        "training_split",
        "validation_split",
        "test_split",
        "process_docs",
        # what changes no answer and no score
        "unsafe_code",
        "should_decontaminate",
        "doc_to_decontamination_query",
        # the harness adds the model's arguments and a path; the version is read from ``versions``
        "metadata",
        # what really was: of ``n-shot`` and of the samples
        "num_fewshot",
        "generation_kwargs",
    }
)
"""Keys of a task's configuration that are not compared as they stand there."""


class Requests:
    """Gathers from samples what the results file does not say for certain: filters, and arguments of requests."""

    def __init__(self) -> None:
        self._filters: defaultdict[str, set[str]] = defaultdict(set)
        self._arguments: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, task: str, sample: Sample) -> None:
        """Note how one sample was asked for."""
        self._filters[task].add(sample.filter)
        self._arguments[task].update(json.dumps(one, sort_keys=True) for one in sample.generated_with)

    def of(self, task: str) -> Iterator[tuple[str, Any]]:
        """A task's filters and the arguments that its requests had; all of them as one list where they vary."""
        # Where a task has one filter, the names of its scores do not tell which.
        yield "filters", ", ".join(sorted(self._filters[task]))
        arguments = [json.loads(one) for one in sorted(self._arguments[task])]
        yield from settings("generation_kwargs", arguments[0] if len(arguments) == 1 else arguments)


def run_settings(run: Run, requests: Requests) -> dict[str, Any]:
    """The settings of a run, those of a task under its name where there are several."""
    of_run = dict(_of_run(run.results, list(run.samples)))
    for task in run.samples:
        prefix = f"{task}: " if len(run.samples) > 1 else ""
        found = (*_of_task(run.results, task), *requests.of(task))
        of_run |= {f"{prefix}{name}": value for name, value in found}
    return of_run


def _of_run(results: Results, tasks: list[str]) -> Iterator[tuple[str, Any]]:
    config = results.config.model_extra or {}
    yield from settings("limit", config.get("limit"))
    yield from settings("system_instruction_sha", results.system_instruction_sha)
    # A template that came with the adapter's tokenizer asks otherwise than the base's. Null where none was applied.
    yield from settings("chat_template_sha", results.chat_template_sha)
    if any(_shots(results, task) for task in tasks):  # without examples these say nothing
        yield from settings("fewshot_as_multiturn", results.fewshot_as_multiturn)
        yield from settings("fewshot_seed", config.get("fewshot_seed"))


def _of_task(results: Results, task: str) -> Iterator[tuple[str, Any]]:
    config = results.configs[task].model_dump() if task in results.configs else {}
    shots = _shots(results, task)
    yield from settings("version", results.versions.get(task))
    yield from settings("num_fewshot", shots)
    for key, value in config.items():
        if key in _OTHERWISE_KNOWN or (key.startswith("fewshot_") and not shots):
            continue
        yield from settings(key, _of_examples(value, config) if key == "fewshot_config" else value)


def _shots(results: Results, task: str) -> Any:
    """How many examples a task's prompts have; newer versions log it of all tasks, others in the configuration."""
    config = results.configs.get(task)
    logged = (config.model_extra or {}).get("num_fewshot") if config else None
    return results.n_shot.get(task, logged)


def _of_examples(value: Any, config: Mapping[str, Any]) -> Any:
    """What is said of the examples alone: the harness repeats what they inherit from the task."""
    if not isinstance(value, Mapping):
        return value
    return {key: one for key, one in value.items() if key not in _OTHERWISE_KNOWN and one != config.get(key)}
