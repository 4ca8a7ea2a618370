"""Do rows agree with the record that states their digests? Asked before every append, and again by verification."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue

from qlora_gov.canonical import columns_id
from qlora_gov.errors import GovError, IntegrityError
from qlora_gov.ledger import columns
from qlora_gov.ledger.problems import Problem, ProblemKind
from qlora_gov.plugin.calls import ForeignError, plugin_code
from qlora_gov.records import Absent, DatasetVersion, Evaluation, Measurement, Record, Responses
from qlora_gov.records.table import Floats, Table, cut_short, empty_answers, origins_table, scores_id, without_origins


@dataclass(frozen=True)
class Aggregate:
    """How an installed metric makes a value of sums, and what is on record of it: its source, and what it means."""

    function: Callable[[Floats], Floats]
    source: str
    meaning: Mapping[str, JsonValue]


Aggregates = Mapping[str, Aggregate]
"""The installed metrics by their name, plugin/name."""

_RELATIVE = 1e-9


def tables_of(record: Record) -> tuple[str, ...]:
    """The tables in which a record has rows. Training rows are not among them: they lie in a Parquet file."""
    match record:
        case DatasetVersion():
            rows = ("examples",) if record.role == "evaluation" else ("origins",) * (record.origins is not None)
            return (*rows, *("changes",) * (record.changes is not None))
        case Responses():
            optional = {"likelihoods": record.likelihoods, "recorded": record.recorded}
            return ("responses", *(name for name, digest in optional.items() if digest is not None))
        case Evaluation():
            return ("scores", "findings")
    return ()


def row_problems(
    where: str, record: Record, rows: Mapping[str, Table], aggregates: Aggregates | None = None
) -> Iterator[Problem]:
    """What is wrong with a record's rows, one table of :func:`tables_of` for each name.

    With ``aggregates``, each measured value is re-derived too, to 1e-9 relative.
    """
    for name in tables_of(record):
        yield from table_problems(where, record, name, rows[name], aggregates)


def table_problems(
    where: str, record: Record, name: str, table: Table, aggregates: Aggregates | None = None
) -> Iterator[Problem]:
    """The same of one table."""
    match record, name:
        case DatasetVersion(role="evaluation", origins=None), "examples":
            yield from _table(f"{where}, examples", table, record.digest, record.rows)
        case DatasetVersion(role="evaluation", origins=str(digest)), "examples":
            yield from _table(f"{where}, examples", without_origins(table), record.digest, record.rows)
            yield from _table(f"{where}, origins of examples", origins_table(table), digest, record.rows)
        case DatasetVersion(role="training", origins=str(digest)), "origins":
            yield from _table(f"{where}, origins", table, digest, record.rows)
        case DatasetVersion(changes=str(digest)), "changes":
            yield from _table(f"{where}, changes", table, digest, None)
        case Responses(), "responses":
            yield from _table(f"{where}, responses", table, record.digest, record.rows)
            if record.cut not in (None, cut := cut_short(table)):
                what = f"{cut} answers are cut short, the record states {record.cut}"
                yield Problem(ProblemKind.TAMPERED, f"{where}, responses", what)
            if record.empty not in (None, empty := empty_answers(table)):
                what = f"{empty} answers are empty, the record states {record.empty}"
                yield Problem(ProblemKind.TAMPERED, f"{where}, responses", what)
        case Responses(likelihoods=str(digest)), "likelihoods":
            yield from _table(f"{where}, likelihoods", table, digest, record.rows)
        case Responses(recorded=str(digest)), "recorded":
            yield from _table(f"{where}, recorded", table, digest, None)
        case Evaluation(), "findings":
            yield from _table(f"{where}, findings", table, record.findings, None)
        case Evaluation(), "scores":
            yield from _unclaimed(f"{where}, scores", record, table)
            for index, measurement in enumerate(record.measurements):
                yield from _measurement(f"{where}, scores of {measurement.name}", index, measurement, table, aggregates)


def _table(where: str, table: Table, digest: str, length: int | None) -> Iterator[Problem]:
    found = len(table["row"])
    if length is not None and found != length:
        yield Problem(ProblemKind.TAMPERED, where, f"{found} rows are there, the record states {length}")
    elif columns_id(table) != digest:
        yield Problem(ProblemKind.TAMPERED, where, "the rows do not have the digest that the record states")


def _unclaimed(where: str, record: Evaluation, table: Table) -> Iterator[Problem]:
    claimed = [index for index, measurement in enumerate(record.measurements) if measurement.digest is not None]
    extra = np.count_nonzero(~np.isin(np.asarray(table["metric"]), claimed))
    if extra:
        yield Problem(ProblemKind.TAMPERED, where, f"{extra} rows belong to no measurement of the record")


def _measurement(
    where: str, index: int, measurement: Measurement, table: Table, aggregates: Aggregates | None
) -> Iterator[Problem]:
    if measurement.digest is None:
        return
    try:
        stats, scored = columns.scores(table, index, measurement.rows, len(measurement.components))
    except IntegrityError as error:
        yield Problem(ProblemKind.TAMPERED, where, str(error))
        return
    if np.count_nonzero(scored) != measurement.scored or scores_id(stats, scored) != measurement.digest:
        yield Problem(ProblemKind.TAMPERED, where, "the rows do not have the digest that the record states")
    elif aggregates is not None and not isinstance(measurement.value, Absent):
        yield from _value(where, measurement, measurement.value, stats.sum(axis=0), aggregates)


def _value(
    where: str, measurement: Measurement, value: float, sums: Floats, aggregates: Aggregates
) -> Iterator[Problem]:
    metric = measurement.metric
    if metric.name not in aggregates:
        yield Problem(ProblemKind.PLUGIN_MISSING, where, f"{metric.name} {metric.version} is not installed")
        return
    installed = aggregates[metric.name]
    try:
        with plugin_code(metric.name):
            derived = float(installed.function(sums))
    except ForeignError as error:
        yield Problem(ProblemKind.PLUGIN_FAILED, where, f"{metric.name} raised {error}")
        return
    except GovError as error:
        yield Problem(ProblemKind.PLUGIN_FAILED, where, str(error))
        return
    agrees = math.isclose(derived, value, rel_tol=_RELATIVE)
    if installed.meaning != metric.meaning or (installed.source != metric.source and not agrees):
        yield Problem.source_changed(where, metric, "measured", "value", None if agrees else "")
    elif not agrees:
        yield Problem(ProblemKind.TAMPERED, where, f"the record states {value!r}, the rows give {derived!r}")
