"""What a log says of who answered is held against what whoever imports it says, both ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from qlora_gov.canonical import file_id, tree_id
from qlora_gov.errors import DataError
from qlora_gov.plugin.specs import ImportedEvaluation
from qlora_gov.records import Adapter
from qlora_gov.records.adapter import CONFIG, WEIGHTS
from qlora_gov.stages.subjects import refuse_other_answerer, unshown
from tests.support.adapters import write_adapter


def log(adapter: bool | None, name: str | None = None) -> ImportedEvaluation:
    return ImportedEvaluation(
        "toy", "1", "m", "2020-01-01T00:00:00+00:00", [], [Path("log.json")], adapter=adapter, adapter_name=name
    )


def record(path: Path) -> Adapter:
    files = {name: file_id(path / name) for name in (CONFIG, WEIGHTS)}
    return Adapter(base=None, dataset=None, files=files, digest=tree_id(files), training=None)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "a", "a")


def test_the_log_of_an_adapter_is_not_the_bases() -> None:
    with pytest.raises(DataError, match=r"log\.json: by the log the adapter 'a' answered, .* with --adapter"):
        refuse_other_answerer(log(True, "a"), None)
    with pytest.raises(DataError, match="by the log an adapter answered"):
        refuse_other_answerer(log(True), None)


def test_the_log_of_a_base_is_no_adapters(weights: Path) -> None:
    with pytest.raises(DataError, match="by the log no adapter answered, but 'm' alone; import it without --adapter"):
        refuse_other_answerer(log(False), record(weights))


def test_the_log_of_an_adapter_that_lies_here_is_not_anothers(weights: Path, tmp_path: Path) -> None:
    other = write_adapter(tmp_path / "b", "b")
    refuse_other_answerer(log(True, str(weights)), record(weights))
    assert unshown(log(True, str(weights)), record(weights)) is None, "the very files are at hand"
    with pytest.raises(DataError, match="whose files are not those of --adapter"):
        refuse_other_answerer(log(True, str(other)), record(weights))
    (other / WEIGHTS).unlink()
    with pytest.raises(DataError, match="whose files are not those of --adapter"):
        refuse_other_answerer(log(True, str(other)), record(weights))


def test_what_cannot_be_told_is_a_claim(weights: Path) -> None:
    adapter = record(weights)
    for given, subject, said in (
        (log(None), None, "the log names 'm' and cannot tell whether an adapter answered; that the base without"),
        (log(None), adapter, "the log names 'm' and cannot tell whether an adapter answered; that this adapter did"),
        (log(True, "org/a"), adapter, "the log names the adapter 'org/a', which is not at hand"),
        (log(True), adapter, "the log does not name the adapter"),
    ):
        refuse_other_answerer(given, subject)
        assert (unshown(given, subject) or "").startswith(said)
    assert unshown(log(False), None) is None
