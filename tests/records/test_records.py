from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from qlora_gov.canonical import content_id
from qlora_gov.records import (
    RECORDS,
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
    Interval,
    LossPoint,
    Measurement,
    MoveReason,
    Outcome,
    Policy,
    Publication,
    Record,
    Responses,
    Rule,
    RuleVerdict,
    Scan,
    SliceFinding,
    SourceUse,
    StepReport,
    Sweep,
    Training,
    Verdict,
    Waiver,
)
from qlora_gov.records.sweep import Trial, TrialContrast
from qlora_gov.records.upgrades import name_baseline

PART = Component(name="p/c", distribution="d", version="1", source="sha256:0", settings={"x": [1.5, None, "é"]})
HERE = Environment(
    python="3", platform="p", device="cpu", threads=1, packages={"torch": "2"}, git_commit=None, git_dirty=None
)
RULE = Rule(name="r", gate=PART, metric="m", against="reference")
POLICY = Policy(rules=(RULE,), required=("r",), reference="base")
CLAIM = Claim(
    tool="t", version="1", model="m", began="2030-01-01T00:00:00+00:00", log="sha256:9", notes=("n",), importer=PART
)
SLICE = SliceFinding(
    slice="s", outcome=Outcome.INCONCLUSIVE, reason="r", threshold=0.1, rows=1, clusters=1, candidate=0.5, baseline=0.5
)
PASSED = Verdict(
    outcome=Outcome.PASS, reason="r", estimate=0.1, interval=Interval(low=None, high=1.0, level=0.95, method="t"),
    candidate=0.5, baseline=Absent(absent="why"), slices=(SLICE,),
)  # fmt: skip
SAMPLES: tuple[Record, ...] = (
    About(title="t", intended_use="u", licence="l"),
    POLICY,
    Base(reference="r", source="hub", files={"a": "sha256:1"}, architecture="A", licence=None),
    DatasetVersion(
        role="training",
        sources=(SourceUse(component=PART, rows=3, licence=None),),
        steps=(StepReport(component=PART, action="drop", rows_in=3, dropped={"toxic": 1}, changed=0),),
        rows=2,
        groups=1,
        mix={"intent": {"card": 2}},
        digest="sha256:2",
        held_out="sha256:3",
    ),
    Adapter(
        base="b", dataset="d", files={}, digest="x",
        training=Training(
            recipe=PART, seed=1, losses=(LossPoint(step=1, loss=2.0),), steps=1, tokens=9, notes=(), environment=HERE
        ),
    ),
    Responses(
        base="b", adapter=None, dataset="d", quantization="nf4", generation=GenerationSettings(), rows=2, digest="x",
        likelihoods=None, environment=HERE, claim=CLAIM,
    ),
    Evaluation(
        responses="r",
        measurements=(
            Measurement(name="m", metric=PART, components=("s", "n"), scored=2, rows=2, value=0.5, digest="x"),
            Measurement(
                name="n", metric=PART, components=("s", "n"), scored=0, rows=2, value=Absent(absent="why"), digest=None
            ),
        ),
        scans=(
            Scan(
                name="s", detector=PART, fields=("response",), covers=("a",), misses=("b",),
                errors=DetectorErrors(found=1, present=2, spared=3, absent=4, measured_on="texts"),
                corrected=Absent(absent="below the floor"),
            ),
        ),
        findings="x",
    ),
    Sweep(
        adapters=("a", "b"), evaluations=("e", "f"), field="rank", metric="m", higher_is_better=True, best=0,
        trials=(
            Trial(value=32, size=9, measured=0.5, interval=Interval(low=0.4, high=None, level=0.975, method="t")),
            Trial(value=[64, "é"], size=9, measured=Absent(absent="why"), interval=Absent(absent="why")),
        ),
        contrasts=(
            TrialContrast(
                trial=1, difference=Absent(absent="why"), interval=Absent(absent="why"), bound=0.1, shown=False
            ),
        ),
        alpha=0.05, methods=2,
    ),
    Decision(
        policy="p", candidate="c", champion="h", adapter="a",
        verdicts=(RuleVerdict(rule=RULE, verdict=PASSED),), outcome=DecisionOutcome.APPROVED,
        exploratory=False, look=1,
    ),
    Waiver(decision="d", rule="r", author="a", reason="r", expires=date(2030, 1, 1)),
    AliasMove(
        alias="champion", adapter="a", decision="d", previous=None, reason=MoveReason.PROMOTED, waivers=("w", "v")
    ),
    Card(decision="d", about="a", head="1:sha256:4", templates={"card.md": "x"}, files={"card.md": "y"}),
    Publication(
        adapter="a", decision="d", card="c", place="s3://bucket/1", digest="x", files={"README.md": "y"}, waivers=("w",)
    ),
)  # fmt: skip

each = pytest.mark.parametrize("record", SAMPLES, ids=lambda record: record.kind)


def test_every_kind_is_registered_once() -> None:
    assert {record.kind: type(record) for record in SAMPLES} == RECORDS
    assert {kind: record.kind for kind, record in RECORDS.items()} == {kind: kind for kind in RECORDS}
    assert set(RECORDS.values()) == set(Record.__subclasses__())


@each
def test_a_record_comes_back_from_json_under_the_same_id(record: Record) -> None:
    assert set(record.content()) <= set(type(record).model_fields)
    back = type(record).model_validate(json.loads(json.dumps(record.content())))
    assert back == record
    assert back.id == record.id == content_id(record.document())


@each
def test_parents_are_ids_of_other_records(record: Record) -> None:
    assert set(record.parent_fields) <= set(type(record).model_fields)
    stated = [getattr(record, field) for field in record.parent_fields if getattr(record, field) is not None]
    assert list(record.parents) == [id_ for ids in stated for id_ in ([ids] if isinstance(ids, str) else ids)]


@each
def test_a_record_is_frozen_and_knows_its_fields(record: Record) -> None:
    field = next(iter(type(record).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(record, field, getattr(record, field))
    with pytest.raises(ValidationError, match="Extra inputs"):
        type(record).model_validate({**record.content(), "time": "now"})


def test_a_mapping_given_to_a_record_is_not_the_one_it_holds() -> None:
    settings: dict[str, Any] = {"rules": ["a"]}
    part = PART.model_copy()
    gate = Component(**{**part.model_dump(), "settings": settings})
    policy = Policy(rules=(Rule(name="r", gate=gate, metric="m"),))
    before = policy.id
    settings["rules"].append("b")
    settings["limit"] = 1
    assert policy.id == before
    assert policy.rules[0].gate.settings == {"rules": ["a"]}


def test_an_id_is_of_the_content_as_it_is_now() -> None:
    card = Card(decision="d", about="a", head="1:x", templates={}, files={"card.md": "y"})
    before = card.id
    card.files["card.md"] = "z"  # type: ignore[index] - a dictionary underneath, which nothing should write to
    assert card.id != before


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_has_no_place(number: float) -> None:
    for model, values in (
        (LossPoint, {"step": 1, "loss": number}),
        (Verdict, {"outcome": "PASS", "reason": "r", "estimate": number}),
        (Interval, {"low": number, "high": None, "level": 0.95, "method": "t"}),
        (Component, {**PART.model_dump(), "settings": {"limit": number}}),
        (Component, {**PART.model_dump(), "settings": {"limits": [{"inner": number}]}}),
        (Measurement, {"metric": PART, "components": ("s",), "scored": 1, "rows": 1, "value": number, "digest": "x"}),
    ):
        with pytest.raises(ValidationError, match="finite"):
            model.model_validate(values)


@pytest.mark.parametrize("settings", [{"max_new_tokens": 0}, {"batch_size": 0}, {"batch_size": 2**60}], ids=str)
def test_generation_settings_have_bounds(settings: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        GenerationSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("candidate", {"contrast_kind": "value"}),
        ("candidate - reference", {"contrast_kind": "difference"}),
        ("candidate - champion where intent is loan - card", {"contrast_kind": "difference"}),
        ("candidate - 0.95 x champion", {"contrast_kind": "scaled_difference"}),
        ("log(candidate / champion)", {"contrast_kind": "log_ratio"}),
        ("odds of the candidate", {}),
        (None, {}),
    ],
)
def test_a_decision_of_the_first_schema_is_read_in_the_words_of_the_second(
    words: str | None, kind: dict[str, str]
) -> None:
    stated = {} if words is None else {"contrast": words}
    first = {"candidate": 1.0, "champion": 0.5}
    old = {"look": 1, "verdicts": [{"rule": "r", "verdict": first | stated | {"slices": [first]}}]}
    new = {"candidate": 1.0, "baseline": 0.5}
    assert name_baseline(old) == {
        "look": 1,
        "verdicts": [{"rule": "r", "verdict": new | stated | kind | {"slices": [new]}}],
    }
