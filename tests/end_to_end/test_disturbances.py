"""The same rows are the same version, however they lie in files and wherever they are curated."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.records import DatasetVersion
from tests.support.project import SOURCE, write_rows

ROWS = 4_100
"""More than are curated in one process."""
LOCALES = ("tr_TR", "de_DE", "ja_JP")
WORDS = (
    *("card", "Karte", "İstanbul", "ışık", "fee", "ÇAĞRI", "transfer", "Gebühr", "straße", "東京", "loan", "I", "i"),
    *("address", "ödeme", "balance", "Überweisung", "limit", "pin", "hesap", "kredi", "ﬁne", "Ⅷ"),
)
STEPS = [
    "exact_duplicates",
    {"use": "near_duplicates", "threshold": 0.6},
    {"use": "length", "answer": {"min_words": 2}},
    {"use": "language"},
    "held_out_leak",
]


def row(number: int, rng: random.Random) -> dict[str, Any]:
    """A row; of ten, one says nearly the same as another one, and one the very same in capitals."""
    said = random.Random(number - max(number % 10 - 7, 0))
    asked = " ".join(said.choices(WORDS, k=said.randint(2, 20))) + " now" * (number % 10 == 8)
    return {
        "prompt": f"{asked}?".upper() if number % 10 == 9 else f"{asked}?",
        "response": f"{said.choice(WORDS)} {said.randrange(700)}",
        "intent": rng.choice(("card", "loan")),
        "provenance": rng.choice(("human", "synthetic", "historical")),
        "group": f"group {number // 3}",
    }


def curated(root: Path, files: dict[str, list[dict[str, Any]]], *options: str, **environment: str) -> DatasetVersion:
    """The training version of rows in some files, curated by a process of its own."""
    rng = random.Random(5)
    root.mkdir()
    for name, rows in files.items():
        write_rows(root / name, rows)
    write_rows(root / "evaluation.jsonl", [row(number, rng) | {"group": f"held {number}"} for number in range(50)])
    project = {
        "schema": 2,
        "about": {"title": "Toy", "intended_use": "Tests.", "licence": "apache-2.0"},
        "data": {
            "training": {
                "sources": [{**SOURCE, "path": name} for name in files],
                "steps": STEPS,
                "mix": {"target": {"human": 0.3, "synthetic": 0.4, "historical": 0.3}, "by": ["intent", "language"]},
            },
            "evaluation": {"sources": [{**SOURCE, "path": "evaluation.jsonl"}]},
        },
        "training": {"use": "nf4-qlora", "preset": "demo"},
        "evaluation": {"metrics": ["rouge_l"]},
        "policy": {"rules": [{"use": "non_inferior", "metric": "rouge_l", "margin": 0.02}]},
    }
    (root / "qlora_gov.yaml").write_text(yaml.safe_dump(project))
    command = [sys.executable, "-m", "qlora_gov", "data", "build", *options]
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONHASH"))}
    done = subprocess.run(command, cwd=root, env=plain | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    entries = Ledger(root / ".qlora_gov" / "ledger.duckdb").entries("dataset")
    (version,) = (one for entry in entries if (one := held(entry, DatasetVersion)).role == "training")
    return version


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/locales").is_dir():
        pytest.skip("no sources of locales on this machine: apt-get install locales")
    root = tmp_path_factory.mktemp("locales")
    for name in LOCALES:
        subprocess.run(["localedef", "-i", name, "-f", "UTF-8", root / f"{name}.UTF-8"], check=True)
    return root


def test_the_id_is_the_same_under_ten_disturbances(tmp_path: Path, locales: Path) -> None:
    rng = random.Random(3)
    rows = [row(number, rng) for number in range(ROWS)]
    plain = {"train.jsonl": rows}
    split = {"a.jsonl": rows[1::2], "b.jsonl": rows[::2]}
    others = [dict(sorted(one.items())) for one in rows]  # the keys in another order, too
    shuffled = random.Random(9).sample(rows, k=ROWS)
    versions = {
        "as it is": curated(tmp_path / "0", plain, "--processes", "1"),
        "order": curated(tmp_path / "1", {"train.jsonl": shuffled}),
        "file name": curated(tmp_path / "2", {"renamed rows.jsonl": others}),
        "two files": curated(tmp_path / "3", split),
        "processes": curated(tmp_path / "4", plain, "--processes", "2"),
        "hash seed 0": curated(tmp_path / "5", plain, PYTHONHASHSEED="0"),
        "hash seed 1": curated(tmp_path / "6", plain, PYTHONHASHSEED="1"),
        "time zone": curated(tmp_path / "7", plain, TZ="Asia/Kathmandu"),
        **{
            name: curated(tmp_path / name, plain, LOCPATH=str(locales), LC_ALL=f"{name}.UTF-8", LANGUAGE=name[:2])
            for name in LOCALES
        },
    }
    first = versions["as it is"]
    assert {"near-duplicate", "exact duplicate"} <= {reason for step in first.steps for reason in step.dropped}
    assert first.mixing is not None
    assert 100 < first.rows < ROWS
    assert {name: version.digest for name, version in versions.items()} == dict.fromkeys(versions, first.digest)
    told = {name: json.dumps([step.dropped for step in version.steps]) for name, version in versions.items()}
    assert told == dict.fromkeys(versions, told["as it is"])
