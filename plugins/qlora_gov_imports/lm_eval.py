"""Evaluations that lm-evaluation-harness logged, read without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field

from qlora_gov import DataError, ImportedEvaluation, ImportedRow, Settings
from qlora_gov_imports.lm_eval_runs import Run, find_run
from qlora_gov_imports.lm_eval_samples import Sample, read_samples
from qlora_gov_imports.lm_eval_scores import Filtered, Scores
from qlora_gov_imports.lm_eval_settings import Requests, run_settings
from qlora_gov_imports.rows import LeftOut, imported_row, in_clusters


class LmEvalSettings(Settings):
    """What of a run to read."""

    tasks: tuple[str, ...] = Field(default=(), description="the tasks or groups to read; all where none is named")


class LmEval:
    """Reads a directory with one run, a results file, or a file of samples for one task of a run alone.

    Of a run it reads all tasks, or those that the settings name, a group by its own name.

    A document is one row, though it has a sample for each filter: the filters see the same answer, and a score that
    only some of the rows have could not be gated. Rows are in the order of task and document, whatever the log's.
    Those of one document, or that were asked the same, are one cluster, whichever tasks they are of.
    """

    def __init__(self, settings: LmEvalSettings = LmEvalSettings()) -> None:  # noqa: B008 - it is frozen
        self._tasks = settings.tasks

    def read(self, path: Path) -> ImportedEvaluation:
        """Read one run.

        Raises:
            DataError: There is not one run with all its samples, or a line is not as the harness writes it.
        """
        run, left_out, requests = find_run(path, self._tasks), LeftOut(), Requests()
        who = run.results.answerer
        found = [row for task in sorted(run.samples) for row in _rows(run, task, left_out, requests)]
        rows = in_clusters([row for row, _ in found], [shared for _, shared in found])
        others = sorted(run.results.configs.keys() - run.samples.keys())
        unread = (f"of the run's tasks only {', '.join(run.samples)}; not {', '.join(others)}",) if others else ()
        return ImportedEvaluation(
            tool="lm-evaluation-harness",
            version=run.results.lm_eval_version,
            model=run.results.model,
            began=run.began,
            rows=rows,
            files=[run.path, *run.samples.values()],
            notes=(*unread, *left_out.notes()),
            adapter=who.adapter,
            adapter_name=who.name,
            base=who.base if who.adapter else None,
            settings=run_settings(run, requests),
        )


def _rows(
    run: Run, task: str, left_out: LeftOut, requests: Requests
) -> Iterator[tuple[ImportedRow, tuple[list[str], list[str]]]]:
    """Each document's row, with what it may share with others: the document, and what was asked of it."""
    path = run.samples[task]
    lines: dict[tuple[int, str], int] = {}
    documents: dict[int, dict[str, Sample]] = {}
    for line, sample in read_samples(path):
        before = lines.setdefault((sample.doc_id, sample.filter), line)
        if before != line:
            raise DataError(f"{path}:{line}: document {sample.doc_id} stands on line {before} already")
        documents.setdefault(sample.doc_id, {})[sample.filter] = sample
        requests.add(task, sample)
    run.check(task, [documents[document][filter_] for document, filter_ in lines])
    ordered = [documents[document] for document in sorted(documents)]
    several = len({filter_ for _, filter_ in lines}) > 1
    scores = Scores(task, run.results.results.get(task, {}), several_filters=several).of(ordered, left_out)
    choice = run.is_multiple_choice(task)
    for filtered, given in zip(ordered, scores, strict=True):
        sample = next(iter(filtered.values()))
        row = _row(f"{path}:{lines[sample.doc_id, sample.filter]}", task, filtered, given, choice=choice)
        yield row, ([sample.doc_hash], sample.asked)


def _row(address: str, task: str, filtered: Filtered, scores: Mapping[str, float], *, choice: bool) -> ImportedRow:
    sample = next(iter(filtered.values()))
    # Each of several filters makes another text of the answer; what the subject said is the one before them all.
    said = sample.response if len(filtered) == 1 else sample.unfiltered
    return imported_row(
        address,
        prompt=[("user", sample.prompt)],
        target=sample.correct if choice else sample.target,
        response=sample.chosen if choice else said,
        scores=scores,
        group=f"{task}:{sample.doc_hash}",
        extra={
            "task": task,
            "doc_id": sample.doc_id,
            "doc_hash": sample.doc_hash,
            "prompt_hash": sample.prompt_hash,
            "target_hash": sample.target_hash,
            **({"options": list(sample.options)} if choice else {}),
        },
        source=f"{task}:{sample.doc_id}",
    )
