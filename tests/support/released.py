"""A small but whole ledger: two releases from imported evaluations, a waiver, a rollback, and cards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tests.support.imported import Imported, make_imported

GUARD = '''
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
RULES = [
    {"use": "non_inferior", "metric": "accuracy", "margin": 0.15},
    {"use": "no_regressed_slice", "metric": "accuracy", "margin": 0.4, "by": "intent"},
    {"use": "at_most", "metric": "handles_rate", "limit": 0.5},
]
ROWS = 40


def make_released(root: Path, seed: int = 0, suffix: str = "") -> Imported:
    """Build the ledger; ``seed`` decides what was answered and scored, ``suffix`` ends every answer."""
    project = Imported(root)
    for _ in steps_of(project, seed, suffix):
        pass
    return project


def steps_of(project: Imported, seed: int, suffix: str = "") -> Iterator[str]:
    """Build the ledger, with a stop after each step."""
    rng = np.random.default_rng(seed)
    make_imported(project.root)
    with_guardrail(project)
    yield "the policy"
    answer(project, rng, None, share=0.8, suffix=suffix)
    answer(project, rng, "a", share=0.9, suffix=suffix)
    yield "two evaluations"
    decide(project)
    yield "a decision"
    assert project("promote", "--author", "Ann") == 0
    yield "a promotion"
    assert project("card") == 0
    yield "a card"
    answer(project, rng, "b", share=0.8, suffix=suffix)
    decide(project)
    yield "another decision"
    assert project("promote", "--author", "Ann") == 0
    yield "another promotion"
    assert project("rollback", "--author", "Cy") == 0
    yield "a rollback"
    answer(project, rng, "c", share=0.2, suffix=suffix)
    assert project("gate") == 1
    yield "a refusal"
    assert project("card") == 0
    yield "the end"


def with_guardrail(project: Imported) -> None:
    """Measure handles besides, and judge by three rules."""
    (project.root / "plugins" / "guard.py").write_text(GUARD)
    file = project.root / "qlora_gov.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["evaluation"]["guardrails"] = [{"use": "handles", "errors": ERRORS}]
    settings["policy"]["rules"] = RULES
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    assert project("policy") == 0


def decide(project: Imported) -> None:
    """Decide on the newest adapter, and waive what did not pass."""
    project("gate")
    for item in project.last("decision").verdicts:
        if item.verdict.outcome != "PASS":
            who = ("--rule", item.rule.name, "--author", "Bo", "--reason", "known", "--until", "2999-12-31")
            assert project("waive", *who) == 0


def answer(project: Imported, rng: np.random.Generator, adapter: str | None, share: float, suffix: str) -> None:
    """Import a log of so many right answers."""
    began = datetime.now(UTC) + timedelta(seconds=1)
    rows: list[dict[str, Any]] = [
        {
            "q": f"question {row} of @asker{row}?",
            "response": f"answer {rng.integers(1000)}" + (" to @someone" if rng.random() < 0.1 else "") + suffix,
            "score": float(rng.random() < share),
            "intent": "odd" if row % 2 else "even",
        }
        for row in range(ROWS)
    ]
    path = project.root / f"{adapter or 'base'}.json"
    path.write_text(json.dumps({"model": "m", "began": began.isoformat(), "rows": rows}))
    weights = ["--adapter", str(project.adapter(adapter))] if adapter else []
    assert project("import", "toy", str(path), *weights) == 0
