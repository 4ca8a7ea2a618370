"""Evidence from another tool: what is recorded of it, kept, and found again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qlora_gov.canonical import file_id
from qlora_gov.errors import IntegrityError, MissingExtraError, ModelError
from qlora_gov.pipeline.training import weights
from tests.support.imported import BAD, BETTER, GOOD, Imported, make_imported

STRICT = '''
"""Counts otherwise."""

from qlora_gov import MeanMetric, MetricSpec, hookimpl


class Strict(MeanMetric):
    def score_row(self, row):
        return row.recorded["accuracy"] * VALUE


@hookimpl
def qlora_gov_metrics():
    return [MetricSpec(name="strict", summary="share of right answers", factory=Strict, requires=REQUIRES,
                       components=MeanMetric.components, higher_is_better=True, margin="absolute")]
'''


def with_strict(project: Imported, value: float = 1.0, requires: tuple[str, ...] = ()) -> None:
    """Measure and judge by a plugin's metric; its source differs by the value."""
    source = STRICT.replace("VALUE", str(value)).replace("REQUIRES", repr(requires))
    (project.root / "plugins" / "strict.py").write_text(source)
    project.policy(rules=[{"use": "non_inferior", "metric": "strict", "margin": 0.3}])
    file = project.root / "qlora_gov.yaml"
    file.write_text(file.read_text().replace("- accuracy\n", "- strict\n", 1))


@pytest.fixture
def project(tmp_path: Path) -> Imported:
    return make_imported(tmp_path / "project")


def test_a_library_that_is_missing_is_no_failure_of_its_metric(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    with_strict(project, requires=("no_such_library",))
    assert project.log(GOOD) == MissingExtraError.exit_code
    assert "needs no_such_library" in capsys.readouterr().err
    assert project.ledger.entries("evaluation") == []


def test_a_metric_that_is_put_back_as_it_was_is_judged_as_it_was(project: Imported) -> None:
    with_strict(project)
    assert project("policy") == project.log(GOOD) == project.log(BETTER, "a") == project("gate") == 0
    approved = project.last("decision").id
    with_strict(project, value=0.5)
    assert project("gate") == 1, "the metric is another one now"
    assert "not by this version" in project.last("decision").verdicts[0].verdict.reason
    for log, adapter in (("base-q.json", []), ("a-q.json", ["--adapter", str(project.root / "a")])):
        assert project("import", "toy", str(project.root / log), *adapter) == 0
    with_strict(project)
    assert project("gate") == 0
    assert project.ledger.get(project.ledger.alias("candidate").record.decision).id == approved  # type: ignore[union-attr]


def test_kept_files_that_are_gone_are_kept_again(project: Imported) -> None:
    assert project.log(GOOD, "a") == 0
    (kept,) = project.root.glob(".qlora_gov/adapters/*")
    shutil.rmtree(kept)
    assert project.log(GOOD, "a") == 0
    assert (kept / "adapter_model.safetensors").is_file()
    assert len(project.adapters()) == 1


def test_weights_that_were_edited_are_used_for_nothing(project: Imported) -> None:
    assert project.log(GOOD, "a") == 0
    adapter, space = project.adapters()[0].record, project.pipeline.space
    file = space.adapter(adapter.digest) / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(IntegrityError, match="does not hold the files of adapter"), weights(space, adapter):
        pass


def test_what_is_loaded_are_the_very_bytes_that_were_digested(project: Imported) -> None:
    assert project.log(GOOD, "a") == 0
    adapter, space = project.adapters()[0].record, project.pipeline.space
    kept = space.adapter(adapter.digest)
    with weights(space, adapter) as held:
        (kept / "adapter_model.safetensors").write_bytes(b"others, written while these are loaded")
        assert {name: file_id(held / name) for name in adapter.files} == adapter.files
        assert held.stat().st_mode & 0o077 == 0, "nobody else writes there"
    assert not held.exists()
    (kept / "adapter_model.safetensors").unlink()
    with pytest.raises(IntegrityError), weights(space, adapter):
        pass


def test_an_error_meanwhile_is_of_the_files_themselves(project: Imported) -> None:
    assert project.log(GOOD, "a") == 0
    adapter, space = project.adapters()[0].record, project.pipeline.space
    with pytest.raises(ModelError) as failure, weights(space, adapter) as held:
        raise ModelError(f"adapter: {held} does not fit the base")
    assert str(failure.value) == f"adapter: {space.adapter(adapter.digest)} does not fit the base"


def test_an_adapter_is_imported_from_where_it_is_kept(project: Imported) -> None:
    assert project.log(GOOD, "a") == 0
    (kept,) = project.root.glob(".qlora_gov/adapters/*")
    assert project("import", "toy", str(project.root / "a-q.json"), "--adapter", str(kept)) == 0


def test_an_import_says_in_how_many_clusters_its_rows_are(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.log(GOOD) == 0
    assert "clusters" not in capsys.readouterr().err
    log = project.root / "base-q.json"
    log.write_text(log.read_text().replace("q 1?", "q 0?"))
    assert project("import", "toy", str(log)) == 0
    assert "100 rows in 99 clusters: those of one cluster are no independent evidence" in capsys.readouterr().err


@pytest.mark.parametrize("ahead", [0, 240])
def test_rules_weakened_after_the_answers_are_later_whatever_the_logs_clock(tmp_path: Path, ahead: float) -> None:
    project = make_imported(tmp_path)
    assert project("policy") == 0
    assert project.log(GOOD) == 0
    assert project.log(BAD, "a", age=-ahead) == 0
    assert project("gate") == 1
    project.policy(rules=[{"use": "non_inferior", "metric": "accuracy", "margin": 0.6}])
    assert project("policy") == 0
    assert project("gate") == 3
    assert project("promote") == 14


def blank(project: Imported) -> None:
    config = project.root / "a" / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()), indent=4))


@pytest.mark.parametrize(("rows", "change"), [(99, None), (100, blank)])
def test_rules_weakened_after_the_answers_are_later_whatever_is_changed_about_them(
    tmp_path: Path, rows: int, change: Callable[[Imported], None] | None
) -> None:
    """Neither a row less nor a blank in a file makes other answers of them."""
    project = make_imported(tmp_path)
    project.policy(schema=2)
    worse = [1.0] * 82 + [0.0] * 18
    assert project("policy") == project.log(GOOD) == project.log(worse, "a") == 0
    project.policy(schema=2, rules=[{"use": "non_inferior", "metric": "accuracy", "margin": 0.6}])
    assert project("policy") == project.log(GOOD[:rows]) == 0
    log = json.loads((project.root / "a-q.json").read_text()) | {"began": datetime.now(UTC).isoformat()}
    (project.root / "again.json").write_text(json.dumps(log | {"rows": log["rows"][:rows]}))
    if change is not None:
        change(project)
    assert project("import", "toy", str(project.root / "again.json"), "--adapter", str(project.root / "a")) == 0
    assert project("gate") == 3
    assert project.last("decision").exploratory
    assert project("verify") == 0


WEIGHED = '''
"""Reads what its source does not show."""

from pathlib import Path

from qlora_gov import MeanMetric, MetricSpec, hookimpl


class Weighed(MeanMetric):
    def score_row(self, row):
        return row.recorded["accuracy"] * float((Path(__file__).parent / "weight.txt").read_text())


@hookimpl
def qlora_gov_metrics():
    return [MetricSpec(name="strict", summary="share of right answers", factory=Weighed,
                       components=MeanMetric.components, higher_is_better=True, margin="absolute")]
'''


def test_a_metric_that_reads_what_its_source_does_not_show_is_found_by_scoring_again(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    with_strict(project)
    (project.root / "plugins" / "strict.py").write_text(WEIGHED)
    weight = project.root / "plugins" / "weight.txt"
    weight.write_text("0.5")
    assert project("policy") == project.log(GOOD) == 0
    weight.write_text("1")
    assert project.log(BAD, "a") == 0
    capsys.readouterr()
    assert project("verify", "--scores") == IntegrityError.exit_code
    out = capsys.readouterr().out
    assert "scores otherwise: entry 7 (evaluation " in out
    assert "90 of 100 rows score otherwise now, first q 0?, by the same source: the metric draws at random, or" in out
    assert project("verify") == 0, "the scores themselves are what was recorded"
    weight.write_text("0.5")
    assert "50 of 100 rows" in (project("verify", "--scores"), capsys.readouterr().out)[1]


def test_scores_that_come_again_are_verified(project: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    with_strict(project)
    assert project("policy") == project.log(GOOD) == 0
    assert project("verify", "--scores") == 0
    assert capsys.readouterr().out.endswith("value re-derived, every metric's scores too\n")
    plugin = project.root / "plugins" / "strict.py"
    plugin.write_text(plugin.read_text() + "\n# a comment\n")
    assert project("verify", "--scores") == 0
    assert "scored this; the score of each row still re-derives" in capsys.readouterr().out
    plugin.write_text(plugin.read_text().replace("* 1.0", "* 0.5"))
    assert project("verify", "--scores") == 3
    assert "the score of each row no longer re-derives: 90 of 100 rows score otherwise now" in capsys.readouterr().out
    plugin.unlink()
    assert project("verify", "--scores") == 3
