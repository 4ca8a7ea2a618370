"""A small whole project on the tiny base, for tests of the path from end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

SOURCE = {"use": "jsonl", "licence": "other", "provenance": "synthetic", "consent": "made for tests"}
"""A source that declares all that a project asks for."""

TOPICS = ("card", "fees", "travel", "savings", "login", "loan", "transfer", "address")


def rows(count: int, prefix: str) -> list[dict[str, Any]]:
    """Rows of different groups with short texts."""
    return [
        {
            "messages": [
                {"role": "user", "content": f"{prefix} {TOPICS[n % 8]} {n}?"},
                {"role": "assistant", "content": f"See {TOPICS[n % 8]} in the app."},
            ],
            "group": f"{prefix}-{n}",
            "provenance": "synthetic",
            "intent": TOPICS[n % 8],
            "language": "en",
        }
        for n in range(count)
    ]


def write_rows(path: Path, values: list[dict[str, Any]]) -> None:
    """Write rows as JSONL."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")


def make_project(root: Path, base: Path, /, **changes: Any) -> Path:
    """Write a project file with its data; ``changes`` replace whole sections. Returns the file."""
    write_rows(root / "train.jsonl", rows(16, "Ask"))
    write_rows(root / "evaluation.jsonl", rows(12, "Tell"))
    project: dict[str, Any] = {
        "about": {"title": "Tiny", "intended_use": "Tests.", "licence": "apache-2.0"},
        "seed": 3,
        "base": str(base),
        "data": {
            "training": {"sources": [{"path": "train.jsonl", **SOURCE}], "steps": ["exact_duplicates"]},
            "evaluation": {"sources": [{"path": "evaluation.jsonl", **SOURCE}]},
        },
        "training": {
            "use": "nf4-qlora",
            "preset": "demo",
            "rank": 2,
            "accumulation": 1,
            "checkpoint_steps": 1,
        },
        "evaluation": {
            "generation": {"max_new_tokens": 8, "batch_size": 4},
            "metrics": ["perplexity", "rouge_l"],
            "guardrails": ["pii"],
        },
        "policy": {"rules": [{"use": "non_inferior", "metric": "perplexity", "margin": 0.05}]},
    }
    root.mkdir(parents=True, exist_ok=True)
    file = root / "qlora_gov.yaml"
    file.write_text(yaml.safe_dump(project | changes, sort_keys=False), encoding="utf-8")
    return file
