"""Adopt: take over what another tool logged, as responses that can be scored and gated like our own."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from qlora_gov.canonical import columns_id, file_id, tree_id
from qlora_gov.errors import DataError, PluginError
from qlora_gov.plugin.calls import ForeignError, plugin_code
from qlora_gov.plugin.rows import checked
from qlora_gov.plugin.specs import ImportedEvaluation, Importer
from qlora_gov.records import Adapter, Claim, Component, DatasetVersion, Responses, SourceUse
from qlora_gov.records.dataset import LABELS, named_counts
from qlora_gov.records.settings import as_text
from qlora_gov.records.table import Table, empty_answers, examples_table, recorded_table

CLOCKS = timedelta(minutes=5)
"""By how much the clocks of two machines may differ."""


def read_log(importer: Importer, component: Component, path: Path) -> ImportedEvaluation:
    """What an importer reads. Raises PluginError where it fails otherwise than by an error of ours, or gives less."""
    try:
        with plugin_code(component.name):
            imported = importer.read(path)
    except ForeignError as error:
        raise PluginError(f"{component.name} on {path}: raised {error}") from error
    if not isinstance(imported, ImportedEvaluation) or not imported.files:
        raise PluginError(f"{component.name} on {path}: returned no ImportedEvaluation that names its files")
    for at, row in enumerate(imported.rows):
        if bad := [name for name, score in row.scores.items() if not _finite(score)]:
            raise DataError(f"{path}: row {at}: the score {bad[0]!r} is not a finite number")
    return imported


def _finite(score: Any) -> bool:
    try:
        return math.isfinite(score)
    except (TypeError, OverflowError):  # no number, or an integer beyond every float
        return False


def freeze_rows(imported: ImportedEvaluation, importer: Component) -> tuple[DatasetVersion, Table]:
    """The rows of a log, in its order, as an evaluation set: its record, and the table ``examples``."""
    rows = [checked(row.example, importer.name, "yielded") for row in imported.rows]
    table = examples_table(rows)
    version = DatasetVersion(
        role="evaluation",
        sources=(SourceUse(component=importer, rows=len(rows), licence=None),),
        steps=(),
        rows=len(rows),
        groups=len({row.group for row in rows}),
        mix={label: named_counts(Counter(getattr(row, label) for row in rows)) for label in LABELS},
        digest=columns_id(table),
    )
    return version, table


def adopt(
    imported: ImportedEvaluation,
    importer: Component,
    dataset: DatasetVersion,
    adapter: Adapter | None,
    *,
    unshown: str | None = None,
) -> tuple[Responses, dict[str, Table]]:
    """Return the record of the logged responses, and the tables ``responses`` and ``recorded``.

    That these answers are those of ``adapter`` is the claim of whoever imports the log; ``unshown`` says what the log
    does not show of that.

    Raises:
        DataError: The log does not say when it began.
        PluginError: The importer's settings are no JSON values.
    """
    tables = logged_tables(imported)
    record = Responses(
        base=None,
        adapter=adapter.id if adapter else None,
        dataset=dataset.id,
        quantization=None,
        generation=None,
        rows=len(imported.rows),
        digest=columns_id(tables["responses"]),
        likelihoods=None,
        recorded=columns_id(tables["recorded"]),
        environment=None,
        claim=_claim(imported, importer, unshown),
        empty=empty_answers(tables["responses"]),
    )
    return record, tables


def logged_tables(imported: ImportedEvaluation) -> dict[str, Table]:
    """The tables ``responses`` and ``recorded`` of a log."""
    return {
        "responses": {
            "row": np.arange(len(imported.rows)),
            "example": [row.example.id for row in imported.rows],
            "response": [row.response for row in imported.rows],
            "finish": ["logged"] * len(imported.rows),
        },
        "recorded": recorded_table([row.scores for row in imported.rows]),
    }


def log_id(imported: ImportedEvaluation) -> str:
    """The digest of a log's files."""
    return tree_id({f"{at} {path.name}": file_id(path) for at, path in enumerate(imported.files)})


def _claim(imported: ImportedEvaluation, importer: Component, unshown: str | None) -> Claim:
    try:
        began = datetime.fromisoformat(imported.began)
    except ValueError as error:
        raise DataError(f"{imported.files[0]}: {imported.began!r} is not when an evaluation began: {error}") from error
    if began.tzinfo is None:
        raise DataError(f"{imported.files[0]}: {imported.began} does not say in which time zone the evaluation began")
    if began > datetime.now(UTC) + CLOCKS:
        raise DataError(f"{imported.files[0]}: the evaluation began at {imported.began}, which is still to come")
    return Claim(
        tool=imported.tool,
        version=imported.version,
        model=imported.model,
        began=imported.began,
        log=log_id(imported),
        notes=imported.notes,
        importer=importer,
        base=imported.base,
        subject=unshown,
        settings=_settings(imported, importer),
    )


def _settings(imported: ImportedEvaluation, importer: Component) -> dict[str, str] | None:
    try:
        return {str(name): as_text(value) for name, value in imported.settings.items()} or None
    except (TypeError, ValueError, AttributeError) as error:
        raise PluginError(f"{importer.name} on {imported.files[0]}: settings are no JSON values: {error}") from error
