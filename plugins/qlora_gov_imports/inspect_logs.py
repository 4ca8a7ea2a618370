"""Evaluations that Inspect logged, read by its own reader."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from qlora_gov import DataError, ImportedEvaluation, ImportedRow, Settings
from qlora_gov_imports.inspect_files import find_log, read_log
from qlora_gov_imports.inspect_settings import log_settings
from qlora_gov_imports.inspect_subject import answerer
from qlora_gov_imports.rows import LeftOut, Turn, finite, imported_row, in_clusters, one_line, utc

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample
    from inspect_ai.model import ChatMessage

WORDS = {"yes", "no", "true", "false"}


class InspectSettings(Settings):
    """Which log of a directory to read."""

    tasks: tuple[str, ...] = Field(default=(), max_length=1, description="the task whose log it is")


class InspectLogs:
    """Reads an ``.eval`` or ``.json`` log, or that of one task in a directory, such as an eval set's.

    A sample is one row for each epoch; its epochs are one cluster, as are samples that ask the same.

    The prompt is the sample's input; what solvers put around it is not part of it. Scores are ``<task>/<scorer>``,
    and ``<task>/<scorer>/<key>`` where a scorer gives several. Rows are in the order of sample and epoch.
    """

    def __init__(self, settings: InspectSettings = InspectSettings()) -> None:  # noqa: B008 - it is frozen
        self._tasks = settings.tasks

    def read(self, path: Path) -> ImportedEvaluation:
        """Read one log.

        Raises:
            DataError: Inspect cannot read the log, there is not one of the task, or the evaluation did not end well.
        """
        path = find_log(path, self._tasks)
        log, left_out = read_log(path), LeftOut()
        samples = _finished(path, log)
        who = answerer(log.eval.model, log.eval.model_args)
        shared = [([str(sample.id)], _asked(sample)) for sample in samples]
        return ImportedEvaluation(
            tool="Inspect",
            version=log.eval.packages.get("inspect_ai", "not logged"),
            model=log.eval.model,
            began=utc(datetime.fromisoformat(log.eval.created)),
            rows=in_clusters([_row(path, log.eval.task, sample, left_out) for sample in samples], shared),
            files=[path],
            notes=left_out.notes(),
            adapter=who.adapter,
            adapter_name=who.name,
            base=who.base,
            settings=log_settings(log),
        )


def _finished(path: Path, log: EvalLog) -> list[EvalSample]:
    """All samples in canonical order; a sample that is missing or failed would be missing on one side only."""
    if log.status != "success":
        why = f": {one_line(log.error.message)}" if log.error else ""
        raise DataError(f"{path}: the evaluation's status is {log.status!r}, not 'success'{why}")
    if log.invalidated:
        raise DataError(f"{path}: samples of this log were marked as invalid; run the evaluation again")
    if not log.samples:
        raise DataError(f"{path}: no samples were logged; run Inspect without --no-log-samples")
    for sample in log.samples:
        if sample.error is not None:
            raise DataError(f"{path}: {_name(sample)} failed: {one_line(sample.error.message)}")
    expected = log.results.total_samples if log.results else len(log.samples)
    if len(log.samples) != expected:
        raise DataError(f"{path}: {len(log.samples)} samples were logged of {expected}")
    return sorted(log.samples, key=lambda sample: (isinstance(sample.id, str), sample.id, sample.epoch))


def _row(path: Path, task: str, sample: EvalSample, left_out: LeftOut) -> ImportedRow:
    prompt = _prompt(sample)
    choices = {"choices": sample.choices} if sample.choices else {}
    return imported_row(
        f"{path}: {_name(sample)}",
        prompt=prompt,
        target=sample.target if isinstance(sample.target, str) else _json(sample.target),
        response=sample.output.completion,
        scores=dict(_scores(task, sample, left_out)),
        group=str(sample.id),
        extra={
            "task": task,
            "sample_id": sample.id,
            "epoch": sample.epoch,
            "prompt_hash": hashlib.sha256(_json(prompt).encode()).hexdigest(),
            **choices,
        },
        source=f"{task}:{sample.id}:{sample.epoch}",
    )


def _prompt(sample: EvalSample) -> list[Turn]:
    """The input's turns. One that is not all text is JSON; no turn keeps the id that Inspect draws for each run."""
    if isinstance(sample.input, str):
        return [("user", sample.input)]
    return [(turn.role, _content(turn)) for turn in sample.input]


def _asked(sample: EvalSample) -> list[str]:
    """The input's texts, and the choices, whatever their order."""
    return [*(text for _, text in _prompt(sample)), *sorted(sample.choices or ())]


def _content(turn: ChatMessage) -> str:
    if isinstance(turn.content, str) or all(part.type == "text" for part in turn.content):
        return str(turn.text)
    return _json([part.model_dump(mode="json") for part in turn.content])


def _scores(task: str, sample: EvalSample, left_out: LeftOut) -> Iterator[tuple[str, float]]:
    for scorer, score in (sample.scores or {}).items():
        values = score.value.items() if isinstance(score.value, Mapping) else [(None, score.value)]
        for key, value in values:
            name = f"{task}/{scorer}" if key is None else f"{task}/{scorer}/{key}"
            counted = _counted(value)
            if counted is None:
                left_out.row(name, value)
            else:
                yield name, counted


def _counted(value: Any) -> float | None:
    """A score as Inspect's own metrics count it; None for what they would count as 0 with no more than a warning.

    A text that is a number counts as that. NaN is how a scorer says that it could not score a sample.
    """
    from inspect_ai.scorer import CORRECT, INCORRECT, NOANSWER, PARTIAL, value_to_float

    if not isinstance(value, str):
        return finite(value)
    if value in (CORRECT, INCORRECT, NOANSWER, PARTIAL) or value.lower() in WORDS:
        counted: float = value_to_float()(value)
        return counted
    try:
        return finite(float(value))
    except ValueError:
        return None


def _name(sample: EvalSample) -> str:
    return f"sample {sample.id!r} of epoch {sample.epoch}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
