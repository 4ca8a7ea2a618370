"""Reads the logs of a toy tool, and measures brevity: what a team would write for itself."""

import json

from qlora_gov import Example, ImportedEvaluation, ImportedRow, ImporterSpec, MeanMetric, Message, MetricSpec, hookimpl


class Toy:
    def read(self, path):
        log = json.loads(path.read_text())
        rows = [
            ImportedRow(
                Example(
                    messages=(Message(role="user", content=row["q"]), Message(role="assistant", content=row["a"])),
                    group=row["group"],
                    intent=row["intent"],
                    language=row["language"],
                    source=f"{log['name']}:{at}",
                ),
                row["response"],
                row["scores"],
            )
            for at, row in enumerate(log["rows"])
        ]
        return ImportedEvaluation("toy", "1", log["model"], log["began"], rows, [path], ("a note",))


class Brevity(MeanMetric):
    def score_row(self, row):
        return 1.0 / len(row.response.split()) if row.response else None


@hookimpl
def qlora_gov_importers():
    return [ImporterSpec(name="toy", summary="logs of a toy tool", factory=Toy)]


@hookimpl
def qlora_gov_metrics():
    return [MetricSpec(name="brevity", summary="one over the words", factory=Brevity,
                       components=MeanMetric.components, higher_is_better=True, margin="absolute")]
