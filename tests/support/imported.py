"""A project that trains nothing: its evaluations come from the logs of a toy tool. Decisions in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.plugin.host import load_catalog
from qlora_gov.project.file import load_project
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Record
from tests.stages.toys import Quiet
from tests.support.adapters import write_adapter

PLUGIN = '''
"""Reads the logs of a toy tool."""

import json

from qlora_gov import Example, ImportedEvaluation, ImportedRow, ImporterSpec, MeanMetric, Message, MetricSpec, hookimpl


class Toy:
    def read(self, path):
        log = json.loads(path.read_text())
        rows = [
            ImportedRow(
                Example(
                    messages=(Message(role="user", content=row["q"]), Message(role="assistant", content="yes")),
                    group=row["q"],
                    intent=row["intent"],
                    source=row["q"],
                ),
                row["response"],
                {"accuracy": row["score"]},
            )
            for row in log["rows"]
        ]
        return ImportedEvaluation("toy", "1", log["model"], log["began"], rows, [path], ("a note",))


class Accuracy(MeanMetric):
    def score_row(self, row):
        return row.recorded.get("accuracy")


@hookimpl
def qlora_gov_importers():
    return [ImporterSpec(name="toy", summary="logs of a toy tool", factory=Toy)]


@hookimpl
def qlora_gov_metrics():
    return [MetricSpec(name="accuracy", summary="share of right answers", factory=Accuracy,
                       components=MeanMetric.components, higher_is_better=True, margin="absolute", binary=True)]
'''

POLICY = {"rules": [{"use": "non_inferior", "metric": "accuracy", "margin": 0.1}]}
GOOD = [1.0] * 90 + [0.0] * 10
BAD = [1.0] * 50 + [0.0] * 50
BETTER = [1.0] * 95 + [0.0] * 5


@dataclass(frozen=True)
class Imported:
    """The project, driven as its users drive it."""

    root: Path

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""
        return Ledger(self.root / ".qlora_gov" / "ledger.duckdb")

    @property
    def pipeline(self) -> Pipeline:
        """Its stages."""
        project = load_project(self.root / "qlora_gov.yaml")
        catalog = load_catalog([self.root / "plugins"])
        return Pipeline(Workspace(project, self.root, catalog, self.ledger, Quiet()))

    def __call__(self, command: str, *arguments: str) -> int:
        """Run a command on the project and return its exit code."""
        return run([command, *arguments[: 2 if command == "import" else 0], str(self.root),
                    *arguments[2 if command == "import" else 0 :]])  # fmt: skip

    def policy(self, *, schema: int = 1, **changes: Any) -> None:
        """Write the project file."""
        project = {
            "schema": schema,
            "about": {"title": "Toy", "intended_use": "Tests.", "licence": "apache-2.0"},
            "plugins": ["plugins"],
            "evaluation": {"metrics": ["accuracy"]},
            "policy": POLICY | changes,
        }
        (self.root / "qlora_gov.yaml").write_text(yaml.safe_dump(project, sort_keys=False), encoding="utf-8")

    def adapter(self, name: str) -> Path:
        """The directory of an adapter's weights."""
        return write_adapter(self.root / name, name)

    def log(
        self, scores: Sequence[float], adapter: str | None = None, rows: str = "q", age: float = 0, model: str = "m"
    ) -> int:
        """Import a log of so many rows that began ``age`` seconds ago."""
        path = self.root / f"{adapter or 'base'}-{rows}.json"
        began = datetime.now(UTC) - timedelta(seconds=age)
        values = [
            {"q": f"{rows} {at}?", "response": "yes", "score": score, "intent": "odd" if at % 2 else "even"}
            for at, score in enumerate(scores)
        ]
        path.write_text(json.dumps({"model": model, "began": began.isoformat(), "rows": values}))
        weights = ["--adapter", str(self.adapter(adapter))] if adapter else []
        return self("import", "toy", str(path), *weights)

    def last(self, kind: str) -> Any:
        """The newest record of a kind."""
        return self.ledger.entries(kind)[-1].record

    def aliases(self) -> dict[str, str | None]:
        """Which adapter's weights each alias points at; None is the base alone."""
        names = {entry.id: entry.record.files["adapter_model.safetensors"] for entry in self.adapters()}
        moves: list[Any] = [entry.record for entry in self.ledger.entries("alias")]
        return {move.alias: names.get(move.adapter) for move in moves}

    def adapters(self) -> list[Any]:
        """The entries of adapters."""
        return self.ledger.entries("adapter")


def make_imported(root: Path) -> Imported:
    """Write the project with its plugin; the policy is recorded."""
    (root / "plugins").mkdir(parents=True)
    (root / "plugins" / "toy.py").write_text(PLUGIN)
    project = Imported(root)
    project.policy()
    assert project("policy") == 0
    return project


def decided(record: Record) -> tuple[str, bool, int]:
    """A decision's outcome, whether it is exploratory, and its look."""
    decision: Any = record
    return decision.outcome.value, decision.exploratory, decision.look
