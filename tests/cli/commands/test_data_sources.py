"""Data sets whose sources are URLs, logs of chats and documents, and parts of one, on a small project."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.records import DatasetVersion
from tests.support.project import make_project, rows, write_rows
from tests.support.web import serving

DECLARED = {"licence": "other", "provenance": "historical", "consent": "made for tests"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def build(root: Path, training: dict[str, Any], evaluation: dict[str, Any] | None = None, steps: Any = ()) -> int:
    """Build the data of a project with one source for each set; the evaluation set is rows of a file by default."""
    sets = {
        "training": (training, [*steps]),
        "evaluation": (evaluation or {"use": "jsonl", "path": "evaluation.jsonl"}, []),
    }
    data = {role: {"sources": [{**source, **DECLARED}], "steps": steps} for role, (source, steps) in sets.items()}
    make_project(root, root / "no base", data=data)
    return run(["data", "build"])


def versions(root: Path, role: str = "training") -> list[DatasetVersion]:
    entries = Ledger(root / ".qlora_gov" / "ledger.duckdb").entries("dataset")
    return [version for entry in entries if (version := held(entry, DatasetVersion)).role == role]


def sources(root: Path, version: DatasetVersion) -> list[str]:
    """Where the rows of a training version came from, in order."""
    ledger = Ledger(root / ".qlora_gov" / "ledger.duckdb")
    return sorted(map(str, ledger.table(ledger.get(version.id), "origins")["source"]))


def test_a_url_is_a_source_that_stays_the_same_without_a_network(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = root / "site"
    write_rows(site / "rows.jsonl", rows(6, "Ask"))
    with serving(site) as server:
        url = f"{server.url}/rows.jsonl"
        source = {"use": "jsonl", "path": f"{url}?signature=secret"}
        assert build(root, source) == 0
    (version,) = versions(root)
    assert version.rows == 6
    told = capsys.readouterr()
    assert f"notice: fetching {url}\n" in told.err
    assert url in "".join(told.out.split()), "in as many lines as it takes"
    assert sources(root, version) == [f"{url}:{line}" for line in range(1, 7)]
    recorded = version.sources[0].component.settings["path"]
    assert isinstance(recorded, dict)
    assert recorded["path"] == url

    shutil.rmtree(site)
    assert build(root, source) == 0, "the server is gone"
    assert "fetching" not in capsys.readouterr().err
    assert [one.id for one in versions(root)] == [version.id]
    assert run(["verify"]) == 0
    held_by_state = [path.read_bytes() for path in (root / ".qlora_gov").rglob("*") if path.is_file()]
    assert not any(b"signature=secret" in data for data in held_by_state)

    shutil.rmtree(root / ".qlora_gov" / "fetched")
    capsys.readouterr()
    assert build(root, source) == 6
    said = capsys.readouterr().err
    assert f"{url}: cannot be fetched: Cannot connect" in said
    assert "secret" not in said


def test_other_bytes_are_another_version_and_a_pin_refuses_them(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = root / "site"
    write_rows(site / "rows.jsonl", rows(6, "Ask"))
    with serving(site) as server:
        source = {"use": "jsonl", "path": f"{server.url}/rows.jsonl"}
        assert build(root, source) == 0
        digest = versions(root)[0].sources[0].component.settings["path"]["digest"]  # type: ignore[call-overload, index]
        assert build(root, {**source, "sha256": digest}) == 0
        assert len(versions(root)) == 1, "a pin is no other source"
        write_rows(site / "rows.jsonl", rows(7, "Ask"))
        shutil.rmtree(root / ".qlora_gov" / "fetched")
        assert build(root, source) == 0
        assert [version.rows for version in versions(root)] == [6, 7]
        capsys.readouterr()
        shutil.rmtree(root / ".qlora_gov" / "fetched")
        assert build(root, {**source, "sha256": digest}) == 6
        assert f"and 'sha256' asks for {digest}" in capsys.readouterr().err
        assert build(root, {**source, "path": source["path"].replace("//", "//ann:secret@")}) == 4
        said = capsys.readouterr().err
        assert "path: holds a user or a password" in said
        assert "secret" not in said


def test_a_row_at_fault_is_told_by_its_url_and_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = root / "site"
    write_rows(site / "data" / "rows.jsonl", [*rows(2, "Ask"), {"prompt": "x"}])
    with serving(site) as server:
        assert build(root, {"use": "jsonl", "path": f"{server.url}/data/rows.jsonl"}) == 6
    assert f"{server.url}/data/rows.jsonl:3: no 'response'" in capsys.readouterr().err


def test_files_of_one_name_stay_apart_and_are_one_source(root: Path) -> None:
    for shop in ("north", "south"):
        (root / "chats" / shop).mkdir(parents=True)
        chat = f"Customer: Where is {shop}?\nAgent: On the map of {shop}.\n"
        (root / "chats" / shop / "monday.txt").write_text(chat, encoding="utf-8")
        (root / "docs" / shop).mkdir(parents=True)
        (root / "docs" / shop / "hours.md").write_text(f"# Hours of {shop}\n\nFrom nine to five.\n", encoding="utf-8")
    speakers = {"Agent": "assistant", "Customer": "user"}
    assert build(root, {"use": "transcripts", "path": "chats", "speakers": speakers}) == 0
    assert build(root, {"use": "documents", "path": "docs/**/*.md", "prompt": "What are the {heading}?"}) == 0
    chats, documents = versions(root)
    assert sources(root, chats) == ["chats/north/monday.txt:1", "chats/south/monday.txt:1"]
    assert sources(root, documents) == ["docs/north/hours.md:3", "docs/south/hours.md:3"]
    assert documents.groups == 2
    assert chats.mix["provenance"] == {"historical": 2}


def test_one_file_is_split_and_the_training_part_kept_clear_of_the_other(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of rows that a word tells apart, each in a group of its own, some are parted: those the leak filter drops."""
    pairs = [
        {
            "prompt": f"How do I {verb} the {thing} that I have lost{end}",
            "response": f"{verb} {thing}{end}",
            "intent": thing,
        }
        for thing in ("card", "phone", "key", "token", "book")
        for verb in ("block", "replace", "find", "report")
        for end in ("?", " today?")
    ]
    write_rows(root / "all.jsonl", pairs)
    split = {"use": "split", "shares": {"training": 0.75, "evaluation": 0.25}, "by": ["intent"], "seed": 7}
    data = {
        role: {
            "sources": [{"use": "jsonl", "path": "all.jsonl", **DECLARED}],
            "steps": [{**split, "part": role}, *(["held_out_leak"] if role == "training" else [])],
        }
        for role in ("training", "evaluation")
    }
    make_project(root, root / "no base", data=data)
    assert run(["data", "build"]) == 0
    (training,), (evaluation,) = versions(root), versions(root, "evaluation")
    assert evaluation.rows == 10
    assert evaluation.mix["intent"] == dict.fromkeys(("book", "card", "key", "phone", "token"), 2)
    divided, leaks = training.steps
    assert (divided.dropped, evaluation.steps[0].dropped) == ({"in another part": 10}, {"in another part": 30})
    assert leaks.rows_in == 30
    assert leaks.dropped["near-duplicate of a held-out row"] == 30 - training.rows > 0
    assert run(["verify"]) == 0
    capsys.readouterr()
    assert run(["data", "drops", "--filter", "split"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 10
    assert told[0].endswith(": dropped by data/split: in another part")
