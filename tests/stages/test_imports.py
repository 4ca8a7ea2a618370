from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.canonical import columns_id
from qlora_gov.errors import DataError, GovError, PluginError
from qlora_gov.plugin.specs import ImportedEvaluation, ImportedRow
from qlora_gov.stages.imports import adopt, read_log
from tests.stages.toys import DATASET, component, example

PART = component("toy")


@pytest.fixture
def log(tmp_path: Path) -> ImportedEvaluation:
    (tmp_path / "log.json").write_text("{}")
    rows = [ImportedRow(example(str(at)), "yes", {"acc": float(at)}) for at in range(2)]
    return ImportedEvaluation("toy", "1", "m", "2020-01-01T00:00:00+00:00", rows, [tmp_path / "log.json"])


class Reads:
    def __init__(self, read: Callable[[Path], Any]) -> None:
        self.read = read


def broken(path: Path) -> Any:
    raise KeyError("rows")


def exits(path: Path) -> ImportedEvaluation:
    raise SystemExit(0)


def refuses(path: Path) -> Any:
    raise DataError("log.json:3: cut short")


def test_answers_and_recorded_scores_are_taken_over(log: ImportedEvaluation) -> None:
    record, tables = adopt(log, PART, DATASET, None)
    assert (record.base, record.adapter, record.generation, record.environment) == (None, None, None, None)
    assert record.claim is not None
    assert (record.claim.tool, record.claim.model, record.claim.began) == ("toy", "m", log.began)
    assert record.digest == columns_id(tables["responses"])
    assert record.recorded == columns_id(tables["recorded"])
    assert tables["responses"]["response"] == ["yes", "yes"]


def test_settings_are_kept_as_text_where_an_importer_reads_them(log: ImportedEvaluation) -> None:
    def claimed(settings: Any) -> Any:
        record, _ = adopt(replace(log, settings=settings), PART, DATASET, None)
        assert record.claim is not None
        return record.claim.settings

    assert claimed({}) is None, "an importer that says nothing"
    assert claimed({"num_fewshot": 5, "until": ["\n"]}) == {"num_fewshot": "5", "until": r'["\n"]'}
    for broken in ({"seen": {1, 2}}, None):
        with pytest.raises(PluginError, match=r"toys/toy on .*log\.json: settings are no JSON values: "):
            claimed(broken)


@pytest.mark.parametrize("began", ["yesterday", "2030-01-01T00:00:00"])
def test_a_log_that_does_not_say_when_it_began_is_refused(log: ImportedEvaluation, began: str) -> None:
    with pytest.raises(DataError, match=r"log\.json"):
        adopt(replace(log, began=began), PART, DATASET, None)


@pytest.mark.parametrize(
    ("read", "error", "said"),
    [
        (broken, PluginError, "toys/toy on log.json: raised KeyError: 'rows'"),
        (exits, PluginError, r"toys/toy on log.json: raised SystemExit: 0 \(test_imports.py, line \d+\)"),
        (refuses, DataError, "log.json:3: cut short"),
        (lambda path: None, PluginError, "returned no ImportedEvaluation"),
    ],
)
def test_what_an_importer_does_wrong_is_one_line(read: Any, error: type[GovError], said: str) -> None:
    with pytest.raises(error, match=said):
        read_log(Reads(read), PART, Path("log.json"))


def test_a_log_names_its_files_and_has_finite_scores(log: ImportedEvaluation) -> None:
    assert read_log(Reads(lambda path: log), PART, Path("log.json")) is log
    with pytest.raises(PluginError, match="names its files"):
        read_log(Reads(lambda path: replace(log, files=[])), PART, Path("log.json"))
    for score in (float("nan"), None, "1", 10**400):
        rows = [replace(log.rows[0], scores={"acc": score})]
        with pytest.raises(DataError, match="row 0: the score 'acc' is not a finite number"):
            read_log(Reads(lambda path: replace(log, rows=rows)), PART, Path("log.json"))  # noqa: B023
