"""Evidence outlives the version that made it: ledgers of released versions, under the code of today and of tomorrow."""

from __future__ import annotations

import ast
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.canonical import bytes_id
from qlora_gov.cli.main import run
from qlora_gov.records import RECORDS, Claim, Component, DatasetVersion, Frozen, Measurement, Rule, Verdict
from qlora_gov.reports.decision.junit import junit_xml
from qlora_gov.reports.decision.report import decision_json
from qlora_gov.reports.decision.summary import summary_markdown
from qlora_gov.stats import METHODS, newest_methods
from tests.support.golden import DECISIONS, LEDGERS, TRAINED, laid_out
from tests.support.imported import Imported
from tests.support.later import VERSION, LaterVersion


@pytest.fixture(params=DECISIONS)
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Imported:
    """Decisions with every outcome and move; the last candidate is approved and not promoted yet."""
    return laid_out(request.param, tmp_path / "golden")


@pytest.fixture(params=TRAINED)
def trained(request: pytest.FixtureRequest, tmp_path: Path) -> Imported:
    """A project that was trained, evaluated and promoted."""
    return laid_out(request.param, tmp_path / "trained")


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> LaterVersion:
    """A version in which every file of source has one line more, which means nothing."""
    version = LaterVersion.made(tmp_path_factory.mktemp("later"))
    version.edit("**/*.py", lambda text: text + "# one more line\n")
    return version


def kept(decisions: Path) -> list[tuple[str, Path]]:
    """Each decision that was kept as machines read it: its id, and the JSON file."""
    return [(json.loads(path.read_text())["decision"], path) for path in sorted(decisions.glob("*.json"))]


def as_first(told: Any) -> Any:
    """A decision's JSON in the words of its first schema, where the champion's name stood for the reference too."""
    match told:
        case {"schema_version": 2}:
            return as_first({**told, "schema_version": 1})
        case dict():
            told = {name: as_first(one) for name, one in told.items() if name != "contrast_kind"}
            return {"champion" if name == "baseline" else name: one for name, one in told.items()}
        case list():
            return [as_first(one) for one in told]
    return told


@pytest.mark.parametrize("name", [*DECISIONS, *TRAINED])
def test_nothing_in_a_golden_ledger_fails_to_re_derive(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    golden = laid_out(name, tmp_path / "golden")
    assert golden("verify", "--intervals") == 0
    said = capsys.readouterr().out
    assert said.startswith("verified: "), "not one problem is told, not even a harmless one"


@pytest.mark.parametrize("name", [*DECISIONS, *TRAINED])
def test_records_keep_their_ids(name: str, tmp_path: Path) -> None:
    golden = laid_out(name, tmp_path / "golden")
    for entry in golden.ledger.entries():
        assert entry.record.id == entry.id


def test_decisions_are_written_for_machines_as_they_were(golden: Imported) -> None:
    pipeline, ledger = golden.pipeline, golden.ledger
    decisions = kept(golden.root / "decisions")
    assert len(decisions) == 6
    for id_, path in decisions:
        report = pipeline.report(ledger.get(id_).record)  # type: ignore[arg-type]
        assert as_first(json.loads(decision_json(report))) == json.loads(path.read_text())
        assert junit_xml(report) == path.with_suffix(".xml").read_text()
        assert summary_markdown(report) == path.with_suffix(".md").read_text()


@pytest.mark.parametrize("name", [*DECISIONS, *TRAINED])
def test_cards_and_changelog_are_written_as_they_were(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    golden = laid_out(name, tmp_path / "golden")
    entries, head = golden.ledger.entries("card"), golden.ledger.head()
    for entry in entries:
        files = dict(entry.record.files)  # type: ignore[attr-defined]
        directory = golden.pipeline.card(golden.ledger.get(entry.record.decision).record)  # type: ignore[attr-defined, arg-type]
        assert {path.name: bytes_id(path.read_bytes()) for path in directory.iterdir()} == files
    assert golden.ledger.head() == head, "each is the card that it was"
    assert golden("changelog") == 0
    assert capsys.readouterr().out == (LEDGERS / name / "changelog.md").read_text()


def test_gate_finds_the_decision_and_promote_promotes(golden: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    head = golden.ledger.head()
    assert golden("gate") == 0
    assert golden.ledger.head() == head
    assert "this is decision" not in capsys.readouterr().out
    assert golden("promote") == 0
    assert golden("verify", "--intervals") == 0


def test_a_log_that_was_imported_is_found(golden: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    head = golden.ledger.head()
    log, weights = golden.root / "logs" / "fourth-e.json", golden.root / "weights" / "e"
    assert golden("import", "toy", str(log), "--adapter", str(weights)) == 0
    assert golden.ledger.head() == head


def test_a_run_finds_everything_and_trains_nothing(trained: Imported) -> None:
    head = trained.ledger.head()
    assert trained("run") == 0
    assert trained.ledger.head() == head
    assert not (trained.root / ".qlora_gov" / "work").exists()


def test_rows_of_a_released_version_that_were_lost_are_curated_anew(trained: Imported) -> None:
    """Its filters are no more; what it made stands where it is there."""
    before = trained.ledger.entries("dataset")
    shutil.rmtree(trained.root / ".qlora_gov" / "datasets")
    assert run(["data", "--project", str(trained.root), "build"]) == 0
    after = trained.ledger.entries("dataset")
    assert after[: len(before)] == before
    assert [entry.record.role for entry in after[len(before) :] if isinstance(entry.record, DatasetVersion)] == [
        "training"
    ]
    assert not list((trained.root / ".qlora_gov").glob("work/*")), "nothing unfinished is left"


# --- a later version ---


def test_a_later_version_gates_promotes_and_verifies(golden: Imported, later: LaterVersion) -> None:
    assert VERSION in later.python("-m", "qlora_gov", "--version").stdout
    head = golden.ledger.head()
    gated = later("gate", golden.root)
    assert (gated.returncode, gated.stderr) == (0, "")
    assert golden.ledger.head() == head
    assert "this is decision" not in gated.stdout, "the alpha is not halved"
    assert later("promote", golden.root).returncode == 0
    verified = later("verify", golden.root, "--intervals")
    assert (verified.returncode, verified.stdout[:10]) == (0, "verified: ")


def test_a_later_version_runs_without_training_anything(trained: Imported, later: LaterVersion) -> None:
    head = trained.ledger.head()
    done = later("run", trained.root)
    assert done.returncode == 0, done.stderr
    assert trained.ledger.head() == head
    verified = later("verify", trained.root, "--intervals")
    assert (verified.returncode, verified.stdout[:10]) == (0, "verified: ")


PARTS = (Claim, Component, Measurement, Rule, Verdict)


@pytest.mark.parametrize("record", [*RECORDS.values(), *PARTS], ids=lambda record: record.__name__)
def test_an_optional_field_more_changes_no_id_no_verdict_and_no_card(record: type[Frozen], tmp_path: Path) -> None:
    version = LaterVersion.made(tmp_path / "later")
    field = '    later: str | None = Field(default=None, description="came later")\n'
    module = record.__module__.replace(".", "/") + ".py"
    version.edit(module, lambda text: with_field(text, record.__name__, field))
    for name in DECISIONS:
        golden = laid_out(name, tmp_path / name)
        head = golden.ledger.head()
        verified = version("verify", golden.root, "--intervals")
        assert (verified.returncode, verified.stdout[:10]) == (0, "verified: "), verified.stderr + verified.stdout
        assert version("gate", golden.root).returncode == 0
        assert version("card", golden.root).returncode == 0
        assert golden.ledger.head() == head
        assert version("promote", golden.root).returncode == 0


def with_field(source: str, record: str, field: str) -> str:
    """The source of a module with one field more at the end of a class's fields."""
    lines = source.splitlines(keepends=True)
    body = next(node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == record)
    last = [node for node in body if isinstance(node, ast.AnnAssign)][-1]
    assert last.end_lineno is not None
    return "".join([*lines[: last.end_lineno], field, *lines[last.end_lineno :]])


# --- a later revision of the statistical methods ---


def test_decisions_are_judged_again_by_the_revision_on_record(
    golden: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A made-up revision, by which nothing of old would come out again."""

    def wider(samples):  # type: ignore[no-untyped-def]
        found = METHODS[1].studentised(samples)
        return [replace(one, value=2 * one.value) if one.value else one for one in found]

    def other(gained, lost, rows):  # type: ignore[no-untyped-def]
        return METHODS[1].paired_score(lost, gained, rows)

    monkeypatch.setitem(METHODS, newest_methods() + 1, replace(METHODS[1], studentised=wider, paired_score=other))
    assert golden("verify", "--intervals") == 0
    head = golden.ledger.head()
    assert golden("gate") == 0
    assert golden.ledger.head() == head, "the decision stands"
    assert golden("promote") == 0
