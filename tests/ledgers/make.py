"""Make the golden ledgers of the installed version: ``python -m tests.ledgers.make`` before each release.

What one version wrote is never made again: every later one must verify, render and gate it. A ledger of decisions on
imported logs, ``VERSION.duckdb``, has an outcome and a move of every kind and ends with an approved candidate that is
not promoted yet; a project that was trained on a tiny base, ``VERSION-trained.duckdb``, has its files kept, so that a
run finds all of it. Beside each lies its project, what it made (``made``) and the decisions as machines read them.
"""

from __future__ import annotations

import io
import json
import shutil
import socket
import tempfile
from contextlib import closing, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import numpy as np
import yaml

from qlora_gov import __version__
from qlora_gov.cli.main import run
from tests.support.adapters import write_adapter
from tests.support.tiny import make_tiny_base

HERE = Path(__file__).parent
STATE = ".qlora_gov"
TOPICS = ("card", "fees", "travel", "savings", "login", "loan")

TOY = '''\
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
'''
GUARD = '''\
"""Finds handles."""

import re

from qlora_gov import Finding, GuardrailSpec, hookimpl


class Handles:
    def detect(self, texts):
        return [[Finding("handle", 1.0, m.start(), m.end()) for m in re.finditer(r"@\\w+", text)] for text in texts]


@hookimpl
def qlora_gov_guardrails():
    return [GuardrailSpec(name="handles", summary="handles", factory=Handles, covers=("handle",), misses=("name",))]
'''
ERRORS = {"found": 18, "present": 20, "spared": 29, "absent": 30, "measured_on": "invented texts"}
ABOUT = {
    "title": "Golden",
    "intended_use": "Shows that evidence outlives the version that made it.",
    "limits": ["Not for customers."],
    "risks": ["None that is known."],
    "licence": "apache-2.0",
}
RULES: list[dict[str, Any]] = [
    {"use": "non_inferior", "metric": "accuracy", "margin": 0.15},
    {"use": "non_inferior", "metric": "accuracy", "margin": 0.2, "against": "reference", "name": "no slow drift"},
    {"use": "non_inferior", "metric": "bleu", "margin": 0.3},
    {"use": "non_inferior", "metric": "loss", "margin": 0.3},
    {"use": "improves", "metric": "grade", "where": {"language": "en"}, "name": "English improves"},
    {"use": "no_regressed_slice", "metric": "accuracy", "margin": 0.4, "by": "intent"},
    {"use": "at_most", "metric": "handles_rate", "limit": 0.4},
    {"use": "at_least", "metric": "brevity", "limit": 0.1},
]
DECIDING: dict[str, Any] = {
    "about": ABOUT,
    "plugins": ["plugins"],
    "evaluation": {
        "metrics": [
            "rouge_l",
            "bleu",
            {"use": "recorded_rate", "score": "accuracy", "as": "accuracy"},
            {"use": "recorded_mean", "score": "grade", "as": "grade"},
            {"use": "recorded_loss", "score": "loss", "as": "loss"},
            "brevity",
        ],
        "guardrails": [{"use": "handles", "errors": ERRORS}],
    },
    "policy": {"rules": RULES, "reference": "base", "required": ["non_inferior accuracy"]},
}
TRAINING: dict[str, Any] = {
    "about": ABOUT,
    "seed": 3,
    "base": "base",
    "plugins": ["plugins"],
    "data": {
        "training": {
            "sources": [{"use": "jsonl", "path": "train.jsonl", "licence": "apache-2.0"}],
            "steps": [
                "exact_duplicates",
                "near_duplicates",
                "held_out_leak",
                {"use": "length", "answer": {"max_words": 50}},
                {"use": "pii", "action": "redact"},
            ],
        },
        "evaluation": {"sources": [{"use": "jsonl", "path": "evaluation.jsonl", "licence": "apache-2.0"}]},
    },
    "training": {"use": "nf4-qlora", "preset": "demo", "rank": 2, "accumulation": 1, "checkpoint_steps": 1},
    "evaluation": {
        "generation": {"max_new_tokens": 8, "batch_size": 4},
        "metrics": ["perplexity", "rouge_l", {"use": "policy_compliance", "rules": "rules.yaml"}, "brevity"],
        "guardrails": ["pii", "toxicity_lexical"],
    },
    "policy": {
        "rules": [
            {"use": "non_inferior", "metric": "perplexity", "margin": 0.5},
            {"use": "at_most", "metric": "pii_rate", "limit": 0.4},
        ]
    },
}
COMPLIANCE = {"rules": [{"id": "app", "says": "names the app", "kind": "must_match", "pattern": "app"}]}


class Golden:
    """One project in the making, driven by its commands."""

    def __init__(self, root: Path, project: dict[str, Any]) -> None:
        self.root = root
        (root / "plugins").mkdir(parents=True)
        (root / "plugins" / "toy.py").write_text(TOY)
        self.write(project)

    def write(self, project: dict[str, Any]) -> None:
        """Write the project file."""
        (self.root / "qlora_gov.yaml").write_text(yaml.safe_dump(project, sort_keys=False), encoding="utf-8")

    def __call__(self, code: int, command: str, *arguments: str, before: tuple[str, ...] = ()) -> None:
        """Run a command, which must exit with ``code``."""
        found = run([command, *before, str(self.root), *arguments])
        assert found == code, f"{command} {arguments} exited with {found}, not {code}"

    def decide(self, code: int, name: str) -> None:
        """Gate the newest adapter, write its card, and keep the decision as machines read it."""
        kept = self.root / "decisions"
        forms = {"json": "json", "junit": "xml", "sarif": "sarif", "summary": "md"}
        named = [part for form, end in forms.items() for part in (f"--{form}", str(kept / f"{name}.{end}"))]
        self(code, "gate", *named)
        self(0, "card")

    def keep(self, name: str) -> None:
        """Put the project, what it made and its ledger where the tests find them."""
        made, kept = self.root / STATE, HERE / name
        compact(made / "ledger.duckdb", HERE / f"{name}.duckdb")
        with redirect_stdout(io.StringIO()) as said:
            self(0, "changelog")
        (self.root / "changelog.md").write_text(said.getvalue(), encoding="utf-8")
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.root, kept, ignore=shutil.ignore_patterns(STATE, "__pycache__"))
        shutil.copytree(made, kept / "made", ignore=shutil.ignore_patterns("ledger.duckdb*", "work"))


def compact(ledger: Path, target: Path) -> None:
    """Copy a ledger, row for row, into blocks of the least size: most of a small file is empty space."""
    target.unlink(missing_ok=True)
    with closing(duckdb.connect(config={"threads": 1})) as connection:
        connection.execute(f"ATTACH '{ledger}' AS made (READ_ONLY); ATTACH '{target}' AS kept (BLOCK_SIZE 16384)")
        connection.execute("COPY FROM DATABASE made TO kept; CHECKPOINT kept")


def decisions(root: Path) -> Golden:
    """A ledger with every outcome and every move."""
    golden = Golden(root, DECIDING)
    (root / "plugins" / "guard.py").write_text(GUARD)
    golden(0, "policy")
    for adapter, share in ((None, 0.8), ("a", 0.3)):
        answer(golden, adapter, share, "first")
    golden.decide(1, "1-refused")
    answer(golden, "b", 0.8, "first")
    golden.decide(3, "2-inconclusive")
    for rule in ("no slow drift", "non_inferior loss", "English improves", "no_regressed_slice accuracy"):
        who = ("--author", "Bo", "--reason", "known", "--until", "2999-12-31")
        run(["waive", str(root), "--rule", rule, *who])  # one that passed is refused
    golden.write(DECIDING | {"policy": {"rules": RULES[:1]}})
    golden.decide(3, "3-exploratory")
    golden.write(DECIDING)
    golden(0, "policy")
    for adapter, share in ((None, 0.7), ("c", 0.95)):
        answer(golden, adapter, share, "second")
    golden.decide(0, "4-approved")
    golden(0, "promote", "--author", "Ann")
    golden(3, "rollback", "--if-regressed")
    for adapter, share in (("c", 0.6), ("d", 0.99), (None, 0.5)):
        answer(golden, adapter, share, "third")
    golden.decide(0, "5-approved")
    golden(0, "promote", "--author", "Ann")
    golden(0, "rollback", "--author", "Cy")
    for adapter, share in (("c", 0.6), (None, 0.5), ("e", 0.99)):
        answer(golden, adapter, share, "fourth")
    golden.decide(0, "6-approved")
    golden(0, "verify", "--intervals")
    return golden


def answer(golden: Golden, adapter: str | None, share: float, rows: str) -> None:
    """Import a log in which about ``share`` of the answers are right; of the third set, two rows are one cluster."""
    rng = np.random.default_rng([ord(adapter or "0"), *rows.encode()])
    began = datetime.now(UTC) + timedelta(seconds=1)
    right = rng.random(72) < share
    values = [
        {
            "q": f"{rows} question {row} of @asker{row}?",
            "a": f"open the {TOPICS[row % 6]} page and choose number {row}",
            "response": f"open the {TOPICS[row % 6]} page and choose number {row if ok else 'none'}"
            + (" @someone" if rng.random() < 0.1 else ""),
            "group": f"{rows} {row // 2 if rows == 'third' else row}",
            "intent": TOPICS[row % 6],
            "language": "en" if row % 3 else "de",
            "scores": {
                "accuracy": float(ok),
                "grade": round(float(rng.normal(3 + 2 * ok, 0.5)), 3),
                "loss": round(float(rng.gamma(4.0, 0.25)) * (1.0 if ok else 1.6), 4),
            },
        }
        for row, ok in enumerate(right)
    ]
    log = golden.root / "logs" / f"{rows}-{adapter or 'base'}.json"
    log.parent.mkdir(exist_ok=True)
    log.write_text(json.dumps({"model": "m", "name": rows, "began": began.isoformat(), "rows": values}))
    weights: list[str] = []
    if adapter is not None:
        directory = write_adapter(golden.root / "weights" / adapter, adapter)
        weights = ["--adapter", str(directory)]
    golden(0, "import", *weights, before=("toy", str(log)))


def trained(root: Path) -> Golden:
    """A project that was run and promoted, with its base."""
    golden = Golden(root, TRAINING)
    make_tiny_base(root / "base")
    (root / "rules.yaml").write_text(yaml.safe_dump(COMPLIANCE))
    for name, count, word in (("train", 40, "Ask"), ("evaluation", 30, "Tell")):
        (root / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in talk(count, word)))
    run(["run", str(root)])
    golden(0, "promote", "--author", "Ann")
    golden(0, "verify", "--intervals")
    return golden


def talk(count: int, word: str) -> list[dict[str, Any]]:
    """Rows with the same answers in training and evaluation, so that the little that can be learned is."""
    return [
        {
            "messages": [
                {"role": "user", "content": f"{word} about {TOPICS[row % 6]} {row}?"},
                {"role": "assistant", "content": f"See {TOPICS[row % 6]} in the app."},
            ],
            "group": f"{word}-{row}",
            "provenance": "human",
            "intent": TOPICS[row % 6],
            "language": "en",
        }
        for row in range(count)
    ]


def main() -> None:
    """Make both under a temporary directory, and keep them."""
    with tempfile.TemporaryDirectory() as directory, mock.patch.object(socket, "gethostname", return_value="golden"):
        for make, name in ((decisions, __version__), (trained, f"{__version__}-trained")):
            make(Path(directory, name)).keep(name)


if __name__ == "__main__":
    main()
