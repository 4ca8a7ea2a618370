"""Taking over what another tool logged: its rows, its answers, and the files of the adapter that gave them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from qlora_gov.canonical import tree_id
from qlora_gov.errors import ModelError, TrainingError
from qlora_gov.evidence.adapters import adapter_of
from qlora_gov.evidence.imports import refuse_other_subject
from qlora_gov.pipeline.datasets import adopting_rows
from qlora_gov.pipeline.evaluation import adopting
from qlora_gov.pipeline.recorder import Recorder
from qlora_gov.pipeline.step import stating
from qlora_gov.plugin.specs import ImporterSpec
from qlora_gov.records import Adapter, Responses
from qlora_gov.stages.imports import read_log
from qlora_gov.stages.subjects import refuse_other_answerer
from qlora_gov.stages.train import adapter_files, is_whole
from qlora_gov.stages.weights import refuse_no_adapter


def import_responses(
    recorder: Recorder, tool: str, path: Path, weights: Path | None, tasks: Sequence[str] = ()
) -> Responses:
    """What another tool logged of the adapter with these weights, or of the base without one.

    Which ``tasks`` were read shows in the files and rows, and makes no other importer of it: a run of one task pairs
    with that task of a run of several.
    """
    space = recorder.space
    bound = space.catalog.bind(ImporterSpec, tool, {}, root=space.root, where="import")
    bound.require()
    asked = {"tasks": list(tasks)} if tasks else {}
    reader = space.catalog.bind(ImporterSpec, tool, asked, root=space.root, where="import --task")
    imported = read_log(reader.make(), bound.component, path)
    adapter = _read(recorder, weights) if weights else None
    refuse_other_answerer(imported, adapter)
    refuse_other_subject(space.ledger, imported, adapter)
    if weights and adapter:
        adapter = _kept(recorder, weights, adapter)
    dataset = recorder.done(adopting_rows(space, imported, bound.component))
    if dataset.groups < dataset.rows:
        space.notice(
            f"{dataset.rows:,} rows in {dataset.groups:,} clusters: those of one cluster are no independent evidence"
        )
    return recorder.done(adopting(space, imported, bound.component, dataset, adapter))


def _read(recorder: Recorder, weights: Path) -> Adapter:
    """The record of an adapter's files; one that is known already is found by its digest."""
    try:
        files = adapter_files(weights)
    except TrainingError as error:
        refuse_no_adapter(weights)  # which says more of what is no adapter at all
        raise ModelError(f"{error}; copy the adapter's own files into a directory of their own") from error
    known = adapter_of(recorder.space.ledger, tree_id(files))
    if known is None:
        refuse_no_adapter(weights)
    return known or Adapter(base=None, dataset=None, files=files, digest=tree_id(files), training=None)


def _kept(recorder: Recorder, weights: Path, adapter: Adapter) -> Adapter:
    """The adapter on record, its files kept where those of its digest are."""
    kept = recorder.space.adapter(adapter.digest)
    if not is_whole(kept, adapter):  # a ledger may be shared, files are not
        for name in adapter.files:  # these and no others: a directory may hold links to anything
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(weights / name, kept / name)
        if not is_whole(kept, adapter):
            raise ModelError(f"{weights}: its files changed while they were copied; import it again")
    return recorder.done(stating(adapter))
