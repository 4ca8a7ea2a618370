"""What every component that comes with qlora_gov makes of the same input, pinned for its revision.

Who changes a result raises the ``revision`` in the component's spec and adds the results of the new one to
``revisions.json``, where those of released revisions stay as they are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import JsonValue

from qlora_gov import Drop, EvaluatedRow, Example, LogLikelihood, Message, Overlap
from qlora_gov.plugin.catalog import Catalog
from qlora_gov.plugin.host import load_catalog
from qlora_gov.records import Component, StepReport
from qlora_gov.records.released import DISTRIBUTION
from qlora_gov.stats import METHODS
from tests.stats.comparisons import compare

REVISIONS: dict[str, dict[str, JsonValue]] = json.loads((Path(__file__).parent / "revisions.json").read_bytes())
SETTINGS: dict[str, dict[str, Any]] = {
    "data/documents": {"path": "guide.md", "prompt": "Tell me about {heading}.", "max_words": 6},
    "data/jsonl": {"path": "rows.jsonl"},
    "data/length": {"answer": {"min_words": 2}, "prompt": {"max_characters": 40}},
    "data/split": {"part": "training", "shares": {"training": 0.5, "evaluation": 0.5}, "by": ["intent"]},
    "data/transcripts": {"path": "chat.txt", "speakers": {"Agent": "assistant", "Ann": "user"}, "separator": "---"},
    "gates/at_least": {"limit": 0.5},
    "gates/at_most": {"limit": 0.5},
    "gates/no_regressed_slice": {"by": "intent", "margin": 0.05},
    "gates/non_inferior": {"margin": 0.05},
    "metrics/policy_compliance": {"rules": "rules.yaml"},
    "metrics/recorded_loss": {"score": "s"},
    "metrics/recorded_mean": {"score": "s"},
    "metrics/recorded_rate": {"score": "s"},
}
HELD_ELSEWHERE = {
    "data/csv": "gives what the same rows give as jsonl",
    "data/hub": "gives what the same rows give as jsonl",
    "data/language": "judges by a model that comes from elsewhere",
    "data/reading_level": "looks syllables up in a file that comes from elsewhere",
    "data/parquet": "gives what the same rows give as jsonl",
    "data/synthesised": "gives what the same rows give as jsonl, or nothing",
    "guardrails/pii_ner": "judges by a language model that comes from elsewhere",
    "guardrails/toxicity": "judges by weights that come from elsewhere",
    "imports/inspect": "its golden ledgers hold what was imported",
    "imports/lm_eval": "its golden ledgers hold what was imported",
    "metrics/hf_evaluate": "scores by code that comes from elsewhere",
    "metrics/hf_evaluate_loss": "scores by code that comes from elsewhere",
    "nf4/dpo": "its losses are a library's, whose version an adapter's environment names",
    "nf4/nf4-qlora": "its losses are pinned with its tests",
    "synthesis/paraphrase": "what it makes is a model's, and names the template that it was made by",
    "synthesis/self_instruct": "what it makes is a model's, and names the template that it was made by",
}
LOOKED = StepReport(
    component=Component(name="own/leaks", distribution="d", version="1", source="", settings={}),
    action="filter",
    rows_in=40,
    dropped={"same": 2},
    changed=0,
)
JUDGEMENT = {"outcome", "contrast", "estimate", "interval", "bound", "threshold", "alpha", "clusters"}
RULES = "rules: [{id: promise, says: promise nothing, kind: must_not_match, pattern: '(?i)guarantee'}]"
GUIDE = "# Cards\n\nWhat a card is.\n\n## Fees\n\n- one euro\n- two euros\n\nNone at home, but some abroad.\n"
CHAT = "Ann: Where?\nAnn: My card.\nAgent: Here:\nin the app.\nAnn: Oh.\n---\n\nAnn: When?\nAgent: Now.\n"
TURNS = (
    ("How do I block my card?", "Open the app, choose Cards, then Block."),
    ("how do I  block my card?", "Open the app, choose Cards, then Block."),
    ("How do I block my card please?", "Open the app, choose Cards, then Block."),
    ("What does a transfer cost?", "Nothing."),
    ("What does a transfer to another country cost me?", "It costs one euro, and we guarantee it."),
    ("Are you stupid?", "Write to j.smith@example.com or call 192.0.2.44, you idiot."),
)
RESPONSES = ("Open the app and block it.", "", "Choose Cards.", "Nothing.", "We guarantee one euro.", "No, you fool.")


def example(number: int) -> Example:
    prompt, answer = TURNS[number]
    messages = (Message(role="user", content=prompt), Message(role="assistant", content=answer))
    return Example(messages=messages, group=f"g{number}", intent="ab"[number % 2], source=f"rows.jsonl:{number + 1}")


EXAMPLES = [example(number) for number in range(len(TURNS))]


def filtered(component: Any) -> JsonValue:
    rows, held_out = EXAMPLES[:5], EXAMPLES[5:] + EXAMPLES[:1]
    if hasattr(component, "choose"):
        drops = component.choose([row.id for row in rows], component.sketch(rows))
        results: Sequence[Example | Drop] = [drops.get(place, row) for place, row in enumerate(rows)]
    else:
        if hasattr(component, "keep_clear_of"):
            component.keep_clear_of(held_out)
        results = component.apply(rows)
    return [result.reason if isinstance(result, Drop) else result.id for result in results]


def detected(component: Any) -> JsonValue:
    found = component.detect([answer for _, answer in TURNS])
    return [[[finding.kind, finding.score, finding.start, finding.end] for finding in text] for text in found]


def scored(component: Any) -> JsonValue:
    rows = [
        EvaluatedRow(one, response, LogLikelihood(1.5 * (place + 1), 4 + place, 20 + place), {"s": float(place % 2)})
        for place, (one, response) in enumerate(zip(EXAMPLES, RESPONSES, strict=True))
    ]
    stats, usable = component.score(rows)
    return [stats[usable].tolist(), usable.tolist(), float(component.aggregate(stats[usable].sum(axis=0)))]


def judged(component: Any, methods: int = 1) -> JsonValue:
    """By the statistical methods of that revision, which a decision names: a gate's own revision says how it asks."""
    base = np.linspace(0.2, 0.9, 60)
    noise = 0.05 * np.sin(np.arange(60.0))
    labels = {"intent": ["ab"[place % 2] for place in range(60)]}
    continuous = compare(base + noise - 0.01, base, np.arange(60) // 2, labels=labels, methods=methods)
    binary = compare(np.arange(60) % 7 > 0, np.arange(60) % 8 > 0, labels=labels, binary=True, methods=methods)
    comparisons = (
        replace(one, equal=np.arange(60) % 4 > 0, overlap=Overlap(steps=(LOOKED,), left=left, unseen=0))
        for one, left in ((continuous, 0), (binary, 3))
    )
    verdicts = [component.decide(comparison) for comparison in comparisons]
    return [verdict.model_dump(mode="json", include=JUDGEMENT) for verdict in verdicts]


def read(component: Any) -> JsonValue:
    return [one.id for one in component.read()]


def near(result: JsonValue, expected: JsonValue) -> bool:
    """Equal, but for the last digits of numbers, which libraries of another build may round otherwise."""
    match result, expected:
        case dict(), dict():
            return result.keys() == expected.keys() and all(near(result[name], expected[name]) for name in result)
        case list(), list():
            return len(result) == len(expected) and all(map(near, result, expected))
        case float(), float():
            return math.isclose(result, expected, rel_tol=1e-9, abs_tol=1e-12)
    return result == expected


RESULTS = {"filter": filtered, "guardrail": detected, "metric": scored, "gate": judged, "source": read}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def own(catalog: Catalog) -> dict[str, Any]:
    return {entry.name: entry.spec for entry in catalog if entry.plugin.distribution == DISTRIBUTION}


def test_every_component_is_pinned_at_its_revision_or_held_elsewhere(catalog: Catalog) -> None:
    revisions = {name: str(spec.revision) for name, spec in own(catalog).items() if name not in HELD_ELSEWHERE}
    assert {name for name, revision in revisions.items() if revision not in REVISIONS.get(name, {})} == set()
    assert HELD_ELSEWHERE.keys() | revisions.keys() == own(catalog).keys()


@pytest.mark.parametrize("methods", sorted(METHODS)[1:])
@pytest.mark.parametrize("name", [name for name in REVISIONS if name.startswith("gates/")])
def test_a_gate_judges_by_later_methods_as_it_did(name: str, methods: int, catalog: Catalog, tmp_path: Path) -> None:
    spec = own(catalog)[name]
    bound = catalog.bind(type(spec), name, SETTINGS.get(name, {}), root=tmp_path, where="test")
    result = judged(bound.make(), methods)
    assert near(result, REVISIONS[name][f"{spec.revision} by methods {methods}"]), json.dumps(result)


@pytest.mark.parametrize("name", REVISIONS)
def test_a_component_makes_what_its_revision_made(name: str, catalog: Catalog, tmp_path: Path) -> None:
    for file, text in (("rules.yaml", RULES), ("guide.md", GUIDE), ("chat.txt", CHAT)):
        (tmp_path / file).write_text(text, encoding="utf-8")
    rows = [json.dumps({"prompt": prompt, "response": answer}) + "\n" for prompt, answer in TURNS]
    (tmp_path / "rows.jsonl").write_text("".join(rows), encoding="utf-8")
    spec = own(catalog)[name]
    bound = catalog.bind(type(spec), name, SETTINGS.get(name, {}), root=tmp_path, where="test")
    result = RESULTS[spec.kind](bound.make())
    expected = REVISIONS[name][str(spec.revision)]
    assert near(result, expected), json.dumps(result)
