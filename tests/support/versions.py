"""A small project whose training set has been curated, for what becomes of its versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.plugin.host import load_catalog
from qlora_gov.project.file import load_project
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import DatasetVersion
from tests.stages.toys import Quiet
from tests.support.project import SOURCE, TOPICS, make_project, write_rows

HOSTILE = 'a "quoted" | text,\nwith \\ and \u000b, \u007f, \u2028, é and 𝄞'


def make_versions(root: Path) -> Path:
    """Write a project, and curate both of its sets; a source declares nothing, and rows are of every provenance."""
    kinds = ("human", "synthetic", "historical")
    values: list[dict[str, Any]] = [
        {"prompt": f"Ask {topic} {at}?", "response": f"See {topic}.", "provenance": kinds[at % 3], "language": "en"}
        for at, topic in enumerate(TOPICS * 4)
    ]
    values += [values[0], {"prompt": HOSTILE, "response": "word " * 30, "provenance": "human"}]
    values += [{"prompt": HOSTILE, "response": HOSTILE, "provenance": "human", "asked": {"at": 1.5, "by": [HOSTILE]}}]
    write_rows(root / "data" / "asked.jsonl", values[:20])
    write_rows(root / "more.jsonl", values[20:])
    training = {
        "sources": [
            {**SOURCE, "path": "data/asked.jsonl", "licence": "CC-BY-4.0", "consent": "contract | 7"},
            {"use": "jsonl", "path": "more.jsonl"},
        ],
        "steps": ["exact_duplicates", {"use": "length", "answer": {"max_words": 20}}, "held_out_leak"],
        "mix": {"human": 0.4, "synthetic": 0.3, "historical": 0.3},
    }
    data = {"training": training, "evaluation": {"sources": [{"use": "jsonl", "path": "evaluation.jsonl"}]}}
    make_project(root, root / "no base", data=data)
    Pipeline(space_of(root)).datasets()
    return root


def space_of(root: Path) -> Workspace:
    """The workspace of a project."""
    ledger = Ledger(root / ".qlora_gov" / "ledger.duckdb")
    return Workspace(load_project(root / "qlora_gov.yaml"), root, load_catalog([]), ledger, Quiet())


def version_of(space: Workspace, role: str = "training") -> DatasetVersion:
    """The first version of a role."""
    found = (held(entry, DatasetVersion) for entry in space.ledger.entries("dataset"))
    return next(version for version in found if version.role == role)
