"""One run of lm-evaluation-harness: its results file, and the file of samples of each task beside it.

The harness writes ``results_<time>.json`` and ``samples_<task>_<time>.jsonl`` into a folder named after the model
within its ``--output_path``; the time ties them together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from qlora_gov import DataError
from qlora_gov_imports.json_files import read_json
from qlora_gov_imports.lm_eval_samples import Sample
from qlora_gov_imports.lm_eval_subject import answerer
from qlora_gov_imports.rows import explain, one_line, utc
from qlora_gov_imports.subjects import Answerer


class TaskConfig(BaseModel):
    """A task's configuration; a task that is written in Python may not say its type."""

    model_config = ConfigDict(extra="allow")
    output_type: str | None = None


class RunConfig(BaseModel):
    """What is read of a run's configuration; ``model`` is the backend, which older versions did not always log."""

    model_config = ConfigDict(extra="allow")
    model: JsonValue = None
    model_args: JsonValue = None


class Results(BaseModel):
    """What is read of a results file: among it each task's ``<metric>,<filter>``, and a digest of its samples."""

    lm_eval_version: str
    date: float
    model_name: str
    model_source: JsonValue = None
    config: RunConfig
    configs: Mapping[str, TaskConfig] = Field(min_length=1)
    results: Mapping[str, Mapping[str, JsonValue]]
    group_subtasks: Mapping[str, Sequence[str]] = Field(default_factory=dict)
    task_hashes: Mapping[str, str] = Field(default_factory=dict)
    versions: Mapping[str, JsonValue] = Field(default_factory=dict)
    n_shot: Mapping[str, JsonValue] = Field(default_factory=dict, alias="n-shot")
    system_instruction_sha: JsonValue = None
    chat_template_sha: JsonValue = None
    fewshot_as_multiturn: JsonValue = None

    def tasks(self, name: str) -> list[str]:
        """The tasks that a name stands for, itself or those of a group. Raises DataError that lists all names."""
        if name in self.configs:
            return [name]
        if not self.group_subtasks.get(name):
            known = sorted({*self.configs, *(group for group, tasks in self.group_subtasks.items() if tasks)})
            raise DataError(f"no task or group of the run is named {name!r}; there are {', '.join(known)}")
        return [task for part in self.group_subtasks[name] for task in self.tasks(part)]

    @property
    def answerer(self) -> Answerer:
        """Who answered, as far as the run's configuration says."""
        config = self.config
        return answerer(config.model or self.model_source, config.model_args, config.model_extra or {})

    @property
    def model(self) -> str:
        """The model, and the adapter on it where the log names one."""
        who = self.answerer
        return f"{who.base} with the adapter {who.name}" if who.base and who.name else self.model_name


@dataclass(frozen=True)
class Run:
    """The files of a run: ``samples`` by task, of all tasks or of those that were asked for."""

    path: Path
    results: Results
    samples: Mapping[str, Path]

    @property
    def began(self) -> str:
        """When the run began, UTC in ISO 8601. Raises DataError where the file's date is none."""
        try:
            return utc(datetime.fromtimestamp(self.results.date, UTC))
        except (ValueError, OverflowError, OSError) as error:
            raise DataError(f"{self.path}: date: not a time in seconds: {one_line(error)}") from error

    def is_multiple_choice(self, task: str) -> bool:
        """Whether the subject had to choose from options."""
        config = self.results.configs.get(task)
        return config is not None and config.output_type == "multiple_choice"

    def check(self, task: str, samples: Iterable[Sample]) -> None:
        """Compare a task's samples with the digest that the results file has of them.

        Raises:
            DataError: The digests differ: lines are missing, or these samples are another run's.
        """
        digest = hashlib.sha256()
        for sample in samples:
            digest.update(f"{sample.doc_hash}{sample.prompt_hash}{sample.target_hash}".encode())
        if self.results.task_hashes.get(task, digest.hexdigest()) != digest.hexdigest():
            raise DataError(
                f"{self.samples[task]}: not the samples that {self.path.name} was computed from (its task_hashes "
                "differ): cut short, edited, or of another run"
            )


def find_run(path: Path, tasks: Sequence[str] = ()) -> Run:
    """The run in a directory, of a results file, or, one task alone, of a file of samples; of some ``tasks`` or groups.

    Raises:
        DataError: There is no run, more than one, one without samples, or without these tasks.
    """
    if path.is_dir():
        return _run(_only_results(path), tasks)
    if not path.is_file():
        raise DataError(f"{path}: no such file or directory")
    if not (path.name.startswith("samples_") and path.suffix == ".jsonl"):
        return _run(path, tasks)
    if tasks:
        raise DataError(f"{path}: these are the samples of one task alone; to choose tasks, name the results file")
    task, _, time = path.stem.removeprefix("samples_").rpartition("_")
    beside = sorted(path.parent.glob(f"*_{time}.json"))
    if len(beside) != 1:
        raise DataError(f"{path}: there must be one results_{time}.json beside it, not {len(beside)}")
    return Run(beside[0], _read(beside[0]), {task: path})


def _only_results(directory: Path) -> Path:
    found = sorted(directory.rglob("results_*.json"))
    if not found:
        raise DataError(f"{directory}: no results_*.json in it; give what lm-eval's --output_path named")
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(directory)) for path in found)
        raise DataError(f"{directory}: holds {len(found)} runs; name the results file of one: {names}")
    return found[0]


def _run(path: Path, tasks: Sequence[str]) -> Run:
    results = _read(path)
    time = path.stem.rpartition("_")[2]
    try:
        asked = {task for name in tasks for task in results.tasks(name)} if tasks else set(results.configs)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    expected = {task: path.with_name(f"samples_{task}_{time}.jsonl") for task in sorted(asked)}
    missing = [samples.name for samples in expected.values() if not samples.is_file()]
    if len(missing) == len(expected):
        raise DataError(f"{path}: no samples were logged; run lm-eval with --log_samples")
    if missing:
        raise DataError(f"{path}: samples are missing beside it: {', '.join(missing)}")
    return Run(path, results, expected)


def _read(path: Path) -> Results:
    try:
        return Results.model_validate(read_json(path))
    except ValidationError as error:
        raise DataError(f"{path}: not a results file of lm-evaluation-harness: {explain(error)}") from error
