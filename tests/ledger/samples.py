"""A whole release in a small ledger: every kind of record, rows in every table, every file on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from qlora_gov.canonical import bytes_id, columns_id, tree_id
from qlora_gov.ledger import Entry, Ledger
from qlora_gov.ledger.parquet import write_parquet
from qlora_gov.ledger.rows import Aggregate, Aggregates
from qlora_gov.records import (
    About,
    Absent,
    Adapter,
    AliasMove,
    Base,
    Card,
    Claim,
    Component,
    DatasetVersion,
    Decision,
    DecisionOutcome,
    DetectorErrors,
    Environment,
    Evaluation,
    GenerationSettings,
    LossPoint,
    Measurement,
    Outcome,
    Policy,
    Responses,
    Rule,
    RuleVerdict,
    Scan,
    Training,
    Verdict,
    Waiver,
)
from qlora_gov.records.example import Example, Message
from qlora_gov.records.table import (
    Floats,
    Table,
    examples_table,
    origins_table,
    recorded_table,
    scores_id,
    scores_table,
    without_origins,
)

ROWS = 12
SOURCE = bytes_id(b"source of the metrics plugin")
ENVIRONMENT = Environment(
    python="3.11", platform="linux", device="cpu", threads=1, packages={}, git_commit=None, git_dirty=None
)


def component(name: str, **settings: int) -> Component:
    return Component(name=name, distribution="d", version="1.0", source=SOURCE, settings=settings)


def rule(number: int) -> Rule:
    return Rule(name=f"rule {number}", gate=component("gates/at_most", limit=number), metric="mean")


def policy(number: int) -> Policy:
    return Policy(rules=(rule(number),))


def ratio(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / sums[..., 1]


def aggregate(function: Callable[[Floats], Floats], source: str = SOURCE) -> Aggregate:
    """An aggregate of a plugin that is known by its source."""
    return Aggregate(function, source, {"source": source})


AGGREGATES: Aggregates = {"m/mean": aggregate(ratio), "m/nll": aggregate(ratio)}


def examples(count: int, text: str) -> list[Example]:
    return [
        Example(
            messages=(
                Message(role="user", content=f"{text} {row}?"),
                Message(role="assistant", content=f"\x01line\n{row} 'é' \U0001f600"),
            ),
            group=f"g{row // 2}",
            provenance="human" if row % 2 else None,
            intent=f"intent {row}" if row == 1 else None,
            extra={"n": row},
            source=f"file.jsonl:{row + 1}",
        )
        for row in range(count)
    ]


def changes_of(count: int) -> Table:
    """What steps did with rows: every second one dropped."""
    return {
        "row": np.arange(count),
        "step": np.arange(count) // 4,
        "source": [f"file.jsonl:{row + 90}" for row in range(count)],
        "example": [f"sha256:{row}" for row in range(count)],
        "became": [None if row % 2 else f"sha256:{row + 50}" for row in range(count)],
        "reason": [f"reason {row // 4}" for row in range(count)],
        "score": [None if row % 3 == 0 else row / 7 for row in range(count)],
        "matched": [f"sha256:{row + 1}" if row % 2 else None for row in range(count)],
        "spans": ['{"email": [[0, 1, 2]]}' if row == 4 else None for row in range(count)],
    }


def dataset_of(table: Table, role: str, held_out: str | None = None) -> DatasetVersion:
    return DatasetVersion(
        role=role,
        sources=(),
        steps=(),
        rows=len(table["row"]),
        groups=6,
        mix={},
        digest=columns_id(table),
        held_out=held_out,
    )


def responses_of(base: str, adapter: str | None, dataset: str, text: str) -> tuple[Responses, dict[str, Table]]:
    rng = np.random.default_rng(len(text))
    rows: dict[str, Table] = {
        "responses": {
            "row": np.arange(ROWS),
            "example": [f"sha256:{row}" for row in range(ROWS)],
            "response": [f"{text} {row}" for row in range(ROWS)],
            "finish": ["stop"] * ROWS,
        },
        "likelihoods": {
            "row": np.arange(ROWS),
            "nll": rng.random(ROWS),
            "tokens": rng.integers(1, 9, ROWS),
            "bytes": rng.integers(1, 99, ROWS),
        },
    }
    record = Responses(
        base=base,
        adapter=adapter,
        dataset=dataset,
        quantization="nf4",
        generation=GenerationSettings(),
        rows=ROWS,
        digest=columns_id(rows["responses"]),
        likelihoods=columns_id(rows["likelihoods"]),
        environment=ENVIRONMENT,
    )
    return record, rows


def imported_responses(dataset: str) -> tuple[Responses, dict[str, Table]]:
    """What another tool answered and scored: one score for every row, one more for some of them."""
    record, rows = responses_of("", None, dataset, "imported")
    del rows["likelihoods"]
    rows["recorded"] = recorded_table([{"acc": row / 7} | ({"f1": 0.5} if row % 3 else {}) for row in range(ROWS)])
    claim = Claim(
        tool="harness",
        version="1",
        model="a model",
        began="2026-01-02T03:04:05+00:00",
        log=bytes_id(b"log"),
        notes=(),
        importer=component("i/log"),
    )
    return record.model_copy(
        update={
            "base": None,
            "quantization": None,
            "generation": None,
            "likelihoods": None,
            "recorded": columns_id(rows["recorded"]),
            "environment": None,
            "claim": claim,
        }
    ), rows


def evaluation_of(responses: str, seed: int) -> tuple[Evaluation, dict[str, Table]]:
    """Two metrics with rows, one of which could not score every row, and one that failed between them."""
    rng = np.random.default_rng(seed)
    some = np.arange(ROWS) != 3
    parts = [
        (0, np.column_stack([rng.random(ROWS), np.ones(ROWS)]), np.ones(ROWS, dtype=np.bool_)),
        (2, np.column_stack([rng.random(ROWS), np.ones(ROWS)]) * some[:, None], some),
    ]
    findings: Table = {
        "row": np.array([4, 2]),
        "field": ["response", "prompt"],
        "detector": np.array([0, 0]),
        "kind": ["iban", "email"],
        "score": np.array([0.5, 1.0]),
        "start": np.array([0, 3]),
        "end": np.array([2, 9]),
    }
    measurements = {
        index: Measurement(
            name="mean" if index == 0 else "nll",
            metric=component("m/mean" if index == 0 else "m/nll"),
            components=("sum", "rows"),
            scored=int(scored.sum()),
            rows=ROWS,
            value=float(ratio(stats[scored].sum(axis=0))),
            digest=scores_id(stats, scored),
        )
        for index, stats, scored in parts
    }
    failed = Measurement(
        name="broken",
        metric=component("m/broken"),
        components=("a",),
        scored=0,
        rows=ROWS,
        value=Absent(absent="it raised"),
        digest=None,
    )
    scan = Scan(
        name="pii",
        detector=component("g/pii"),
        fields=("prompt", "response"),
        covers=("email", "iban"),
        misses=("name",),
        errors=DetectorErrors(found=9, present=10, spared=99, absent=100, measured_on="invented texts"),
        corrected=Absent(absent="below the detector's floor"),
    )
    record = Evaluation(
        responses=responses,
        measurements=(measurements[0], failed, measurements[2]),
        scans=(scan,),
        findings=columns_id(findings),
    )
    return record, {"scores": scores_table(parts), "findings": findings}


def write_files(folder: Path, files: dict[str, bytes]) -> dict[str, str]:
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: bytes_id(data) for name, data in files.items()}


@dataclass(frozen=True)
class Release:
    """The entries of one release by name, in the order in which they were appended."""

    ledger: Ledger
    artefacts: Path
    entries: dict[str, Entry]


def append_release(ledger: Ledger, artefacts: Path, name: str = "first") -> Release:
    made: dict[str, Entry] = {}
    limit = rule(len(name))
    made["policy"] = ledger.append(Policy(rules=(limit,)), key=f"policy {name}")
    base_files = {"model.safetensors": bytes_id(b"base")}
    base = Base(reference="embedded", source="embedded", files=base_files, architecture="llama", licence=None)
    made["base"] = ledger.append(base, key="base", facts={"host": "here", "seconds": 0.5})
    held = examples_table(examples(ROWS, "evaluation"))
    made["evaluation set"] = ledger.append(dataset_of(held, "evaluation"), key="held", rows={"examples": held})
    table = examples_table(examples(20, f"training {name}"))
    origins, changes = origins_table(table), changes_of(9)
    training = dataset_of(without_origins(table), "training", made["evaluation set"].id).model_copy(
        update={"origins": columns_id(origins), "changes": columns_id(changes)}
    )
    write_parquet(artefacts / "datasets" / training.digest[7:23] / "rows.parquet", without_origins(table))
    rows = {"origins": origins, "changes": changes}
    made["training set"] = ledger.append(training, key=f"training {name}", rows=rows)
    files = {"adapter_model.safetensors": f"weights {name}".encode(), "adapter_config.json": b"{}"}
    digests = {file: bytes_id(data) for file, data in files.items()}
    write_files(artefacts / "adapters" / tree_id(digests)[7:23], files)
    adapter = Adapter(
        base=made["base"].id,
        dataset=made["training set"].id,
        files=digests,
        digest=tree_id(digests),
        training=Training(
            recipe=component("nf4/qlora"),
            seed=0,
            losses=(LossPoint(step=1, loss=2.5),),
            steps=1,
            tokens=100,
            notes=(),
            environment=ENVIRONMENT,
        ),
    )
    made["adapter"] = ledger.append(adapter, key=f"adapter {name}")
    for side, subject in (("champion", None), ("candidate", made["adapter"].id)):
        record, rows = responses_of(made["base"].id, subject, made["evaluation set"].id, f"{side} {name}")
        made[f"{side} responses"] = ledger.append(record, rows=rows)
        evaluation, scores = evaluation_of(made[f"{side} responses"].id, seed=len(side + name))
        made[side] = ledger.append(evaluation, rows=scores)
    answered, rows = imported_responses(made["evaluation set"].id)
    made["imported responses"] = ledger.append(answered, key=f"imported {name}", rows=rows)
    verdict = RuleVerdict(rule=limit, verdict=Verdict(outcome=Outcome.INCONCLUSIVE, reason="too few rows"))
    decision = Decision(
        policy=made["policy"].id,
        candidate=made["candidate"].id,
        champion=made["champion"].id,
        adapter=made["adapter"].id,
        verdicts=(verdict,),
        outcome=DecisionOutcome.INCONCLUSIVE,
        exploratory=False,
        look=1,
    )
    made["decision"] = ledger.append(decision)
    waiver = Waiver(
        decision=made["decision"].id, rule=limit.name, author="A. Reviewer", reason="rare", expires=date(2030, 1, 31)
    )
    made["waiver"] = ledger.append(waiver)
    move = AliasMove(
        alias="champion",
        adapter=made["adapter"].id,
        decision=made["decision"].id,
        previous=None,
        reason="promoted",
        author="A. Reviewer",
        waivers=(made["waiver"].id,),
    )
    made["alias"] = ledger.append(move)
    card_text = {"card.md": f"# {name}".encode()}
    made["about"] = ledger.append(About(title="A tiny one", intended_use="tests", licence="MIT"))
    card = Card(
        decision=made["decision"].id,
        about=made["about"].id,
        head=made["alias"].hash,
        templates={},
        files={file: bytes_id(text) for file, text in card_text.items()},
    )
    write_files(artefacts / "cards" / card.id[7:23], card_text)
    made["card"] = ledger.append(card)
    return Release(ledger, artefacts, made)
