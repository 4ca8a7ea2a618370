"""The commands about dataset versions, on a small project: no model is needed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.records import DatasetVersion
from tests.support.golden import TRAINED, laid_out
from tests.support.project import make_project, rows, write_rows

STEPS = [
    "exact_duplicates",
    {"use": "length", "answer": {"max_words": 20}},
    {"use": "pii", "recognisers": 2, "action": "redact"},
    "held_out_leak",
]


def row(prompt: str, answer: str, **labels: Any) -> dict[str, Any]:
    return {"prompt": prompt, "response": answer, **labels}


MORE = [
    row("Ask card 0?", "See card in the app."),
    row("How long may an answer be?", "word " * 30),
    row("Whom do I write to?", "Write to ann.lee@example.com today."),
    row("Tell fees 1?", "In the app."),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    source = {"use": "jsonl", "licence": "CC-BY-4.0", "provenance": "human", "consent": "contract"}
    data = {
        "training": {"sources": [{**source, "path": "data/train.jsonl"}], "steps": STEPS},
        "evaluation": {"sources": [{"use": "jsonl", "path": "evaluation.jsonl"}]},
    }
    write_rows(tmp_path / "data" / "train.jsonl", rows(16, "Ask") + MORE)
    make_project(tmp_path, tmp_path / "no base", data=data)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["data", *arguments]) == 0
    return capsys.readouterr().out


def versions(project: Path, role: str = "training") -> list[DatasetVersion]:
    entries = Ledger(project / ".qlora_gov" / "ledger.duckdb").entries("dataset")
    return [version for entry in entries if (version := held(entry, DatasetVersion)).role == role]


def test_a_build_tells_where_rows_came_from_and_what_became_of_them(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(capsys, "build")
    (version,) = versions(project)
    assert version.rows == 17
    assert f"training version {version.digest}" in told
    assert "17 rows in 17 groups" in told
    assert "data/jsonl data/train.jsonl   20     human        CC-BY-4.0   contract" in told
    assert "data/exact_duplicates   20        1 exact duplicate" in told
    assert "1 EMAIL_ADDRESS" in told
    assert said(capsys, "show") in told
    assert said(capsys, "show", version.digest[7:19]) == said(capsys, "show", version.id[:19]) == said(capsys, "show")
    assert "evaluation version" in said(capsys, "show", "--role", "evaluation")
    assert version.digest in said(capsys, "list")


def test_every_row_that_was_dropped_or_changed_is_listed_without_its_text(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "build")
    told = said(capsys, "drops").splitlines()
    first, second = sorted(("data/train.jsonl:1", "data/train.jsonl:17"))
    assert told[0] in (
        f"{second}: dropped by data/exact_duplicates: exact duplicate (1), held against {first}",
        f"{first}: dropped by data/exact_duplicates: exact duplicate (1), held against {second}",
    )
    assert told[1:] == [
        "data/train.jsonl:18: dropped by data/length: answer over max_words",
        "data/train.jsonl:19: changed by guardrails/pii: EMAIL_ADDRESS (1); EMAIL_ADDRESS in turn 1, 9 to 28",
        "data/train.jsonl:20: dropped by data/held_out_leak: text is held out (1), held against evaluation.jsonl:2",
    ]
    assert said(capsys, "drops", "--filter", "held_out_leak").splitlines() == told[3:]
    assert said(capsys, "drops", "--filter", "guardrails/pii").splitlines() == told[2:3]
    assert said(capsys, "drops", "--limit", "1").splitlines() == [told[0], "3 more; --limit 4 shows them"]
    assert said(capsys, "drops", "--role", "evaluation") == "no row was dropped or changed\n"
    counted = sum(sum(step.dropped.values()) + step.changed for step in versions(project)[0].steps)
    assert counted == len(told)


def test_a_mix_samples_by_provenance_and_says_what_it_left_out(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = ("human", "synthetic", "historical", "synthetic")
    values = [row(f"Number {at}?", "Yes.", provenance=kinds[at % 4]) for at in range(80)]
    write_rows(project / "data" / "train.jsonl", values)
    file = project / "qlora_gov.yaml"
    settings = yaml.safe_load(file.read_text())
    for mix, said_ in ((None, ""), ("playbook", "66 rows"), ({"human": 0.5, "synthetic": 0.5}, "40 rows")):
        settings["data"]["training"]["mix"] = mix
        file.write_text(yaml.safe_dump(settings))
        told = said(capsys, "build")
        assert (f"mixed in every stratum of intent, language, reading_level: {said_}" in told) == bool(mix)
    assert "human        20    20      50.0%   50.0%" in said(capsys, "show")
    assert len(said(capsys, "drops", "--filter", "mix", "--limit", "99").splitlines()) == 40
    assert "dropped by mix: of no provenance in the mix" in said(capsys, "drops", "--filter", "mix", "--limit", "99")
    assert run(["verify"]) == 0
    for mix, said_ in (("plabook", "no mix is called 'plabook'"), ({"human": 0.5}, "sum to 1, not to 0.5")):
        settings["data"]["training"]["mix"] = mix
        file.write_text(yaml.safe_dump(settings))
        capsys.readouterr()
        assert run(["data", "build"]) == 4
        assert said_ in capsys.readouterr().err


def test_two_versions_differ_by_rows_with_their_provenance_and_source(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    said(capsys, "build")
    kept = rows(16, "Ask")
    kept[3]["messages"][1]["content"] = "See savings in the branch."
    added = [row(f"New {number}?", "Yes.", provenance="historical") for number in range(3)]
    write_rows(project / "data" / "train.jsonl", kept[:15] + added)
    said(capsys, "build")
    before, after = versions(project)
    told = " ".join(said(capsys, "diff", before.digest, after.digest).split())
    assert f"before training version {before.digest[7:19]}" in told
    assert f"after training version {after.digest[7:19]}" in told
    assert "14 rows are the same in both; 2 added, 1 removed, 2 changed" in told
    assert "added 2 historical data/train.jsonl not read before" in told
    assert "changed 1 historical data/train.jsonl another text in the same place" in told
    assert "changed 1 synthetic data/train.jsonl another text in the same place" in told
    assert "17 rows are the same in both; 0 added, 0 removed, 0 changed" in said(
        capsys, "diff", before.digest, before.digest
    )


def test_the_same_rows_from_elsewhere_are_the_same_version(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "build")
    lines = (project / "data" / "train.jsonl").read_text().splitlines()
    (project / "data" / "train.jsonl").write_text("\n".join(reversed(lines)) + "\n")
    said(capsys, "build")
    first, second = versions(project)
    assert first.digest == second.digest
    assert first.id != second.id
    assert len(list((project / ".qlora_gov" / "datasets").iterdir())) == 1
    assert run(["verify"]) == 0


def test_rows_that_were_lost_are_made_again_under_their_old_record(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "build")
    head = Ledger(project / ".qlora_gov" / "ledger.duckdb").head()
    shutil.rmtree(project / ".qlora_gov" / "datasets")
    assert run(["verify"]) == 12
    said(capsys, "build")
    assert Ledger(project / ".qlora_gov" / "ledger.duckdb").head() == head
    assert not list((project / ".qlora_gov").glob("work/*")), "nothing unfinished is left"
    assert run(["verify"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said_"),
    [
        (["show", "ffff"], "no dataset version is known as 'ffff'; 'qlora-gov data list' shows them"),
        (["show", ""], "no dataset version is known as ''"),
        (["drops", "--filter", "lenght"], "no step of this version is named 'lenght'; did you mean"),
        (["diff", "sha256:", "sha256:"], "no dataset version is known as 'sha256:'"),
        (["export", "ffff", "--to", "out"], "no dataset version is known as 'ffff'"),
        (["export", "--to", "data"], "data is there already; name a new directory"),
        (["push", "--to", "nowhere://x"], "nowhere://x: Protocol not known: nowhere"),
        (["check", "data/none"], "Directory 'data/none' does not exist"),
    ],
)
def test_what_is_not_there_is_told(
    project: Path, arguments: list[str], said_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "build")
    assert run(["data", *arguments]) == 2
    assert said_ in capsys.readouterr().err


def test_before_the_first_build_there_is_none(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "show"]) == 2
    assert "no dataset version is on record; 'qlora-gov data build' makes one" in capsys.readouterr().err
    assert run(["data", "list"]) == 0
    assert capsys.readouterr() == ("", "no dataset version is on record; 'qlora-gov data build' makes one\n")


def test_what_a_command_does_is_told_where_there_is_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Show a VERSION" in said(capsys, "show", "--help")
    assert run(["data", "show"]) == 4
    assert "no such project file" in capsys.readouterr().err


def test_a_version_made_by_the_first_release_is_shown_and_has_no_drops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(laid_out(TRAINED[0], tmp_path / "golden").root)
    assert "training version" in said(capsys, "show")
    assert run(["data", "drops"]) == 2
    assert "was made before drops were put on record" in capsys.readouterr().err
    (version,) = versions(Path())
    assert f"{version.rows} rows are the same in both" in said(capsys, "diff", version.digest, version.digest)
