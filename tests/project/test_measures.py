from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from qlora_gov.errors import PluginError, ProjectError
from qlora_gov.guardrails.detect import DetectorError, detect_all
from qlora_gov.plugin.catalog import Catalog, Entry
from qlora_gov.plugin.discovery import Plugin
from qlora_gov.plugin.measures import metric_measure, rate_measure
from qlora_gov.plugin.settings import Settings
from qlora_gov.plugin.specs import EvaluatedRow, Finding, GuardrailSpec, MeanMetric, MetricSpec
from qlora_gov.project.components import bind_components, named_in_evaluation
from qlora_gov.project.measures import Measures, bind_measures
from qlora_gov.project.schema import EvaluationSettings


class Scale(Settings):
    factor: float = 1.0


class Length(MeanMetric):
    def __init__(self, settings: Scale) -> None:
        self.factor = settings.factor

    def score_row(self, row: EvaluatedRow) -> float:
        return self.factor * len(row.response or "")


class Digits:
    def detect(self, texts: Sequence[str]) -> Sequence[Sequence[Finding]]:
        return [()] * len(texts)


LENGTH = MetricSpec(
    name="length",
    summary="s",
    factory=Length,
    config=Scale,
    components=MeanMetric.components,
    higher_is_better=False,
    margin="relative",
    needs=frozenset({"response", "loglikelihood"}),
)
DIGITS = GuardrailSpec(name="digits", summary="s", factory=Digits, covers=("digits",), misses=())
OURS, THEIRS = (Plugin(name, f"{name}-dist", "1", f"sha256:{name}", ModuleType(name)) for name in ("ours", "theirs"))
CATALOG = Catalog([Entry(OURS, LENGTH), Entry(OURS, DIGITS), Entry(THEIRS, DIGITS)])


def bound(metrics: list[Any], guardrails: list[Any]) -> Measures:
    settings = EvaluationSettings.model_validate({"metrics": metrics, "guardrails": guardrails})
    return bind_measures(settings, bind_components(named_in_evaluation(settings), CATALOG, Path()))


ERRORS = {"found": 1, "present": 2, "spared": 3, "absent": 4, "measured_on": "texts"}
USED = bound(
    ["length", {"use": "ours/length", "factor": 2, "as": "twice"}], [{"use": "theirs/digits", "errors": ERRORS}]
)


def test_a_metric_is_measured_as_its_spec_says() -> None:
    name, metric = USED.metrics[1]
    measure = metric_measure(metric, name)
    assert (measure.component.name, measure.component.settings) == ("ours/length", {"factor": 2.0})
    assert (measure.components, measure.needs) == (("sum", "rows"), LENGTH.needs)
    traits = measure.traits
    assert (traits.name, traits.higher_is_better, traits.margin, traits.binary) == ("twice", False, "relative", False)
    assert measure.metric is not None
    assert traits.aggregate(np.array([3.0, 2.0])) == 1.5


def test_a_guardrail_is_measured_by_how_often_it_flags_a_response() -> None:
    (guardrail,) = USED.guardrails
    measure = rate_measure(guardrail.bound, guardrail.name)
    assert measure.component == guardrail.bound.component.rate
    assert measure.component.name == "theirs/digits_rate"
    assert (measure.components, measure.needs, measure.metric) == (("flagged", "rows"), {"response"}, None)
    traits = measure.traits
    assert (traits.name, traits.higher_is_better, traits.margin, traits.binary) == (
        "digits_rate",
        False,
        "absolute",
        True,
    )
    assert traits.aggregate(np.array([[1.0, 4.0], [0.0, 2.0]])).tolist() == [0.25, 0.0]


def test_measures_keep_the_order_of_the_project_file() -> None:
    names = ["ours/length", "ours/length", "theirs/digits_rate"]
    assert [measure.component.name for measure in USED.all] == names
    assert USED.names == [measure.traits.name for measure in USED.all] == ["length", "twice", "digits_rate"]
    assert {name: component.name for name, component in USED.measured.items()} == dict(
        zip(USED.names, names, strict=True)
    )
    assert [bound.component.name for bound in USED.bound] == ["ours/length", "ours/length", "theirs/digits"]


@pytest.mark.parametrize(
    "other",
    [
        bound(
            ["length", {"use": "ours/length", "factor": 2, "as": "double"}],
            [{"use": "theirs/digits", "errors": ERRORS}],
        ),
        bound(
            ["length", {"use": "ours/length", "factor": 3, "as": "twice"}], [{"use": "theirs/digits", "errors": ERRORS}]
        ),
        bound(["length", {"use": "ours/length", "factor": 2, "as": "twice"}], ["theirs/digits"]),
    ],
)
def test_names_settings_and_errors_determine_an_evaluation(other: Measures) -> None:
    assert other.key != USED.key


@pytest.mark.parametrize(
    ("metrics", "guardrails", "error", "said"),
    [
        (["length", "lenght"], [], PluginError, r"evaluation\.metrics\[1\]: no metric is named 'lenght'; did you mean"),
        (["length"], ["digits"], PluginError, r"evaluation\.guardrails\[0\]: guardrail 'digits' is ambiguous"),
        (["length", "ours/length"], [], ProjectError, r"evaluation: two measurements are named 'length'; name one"),
        (
            ["length"],
            ["ours/digits", "theirs/digits"],
            ProjectError,
            r"evaluation: two measurements are named 'digits_rate'",
        ),
        ([{"use": "length", "facto": 1}], [], ProjectError, r"evaluation\.metrics\[0\]: unknown key 'facto'"),
    ],
)
def test_a_measure_that_cannot_be_bound_is_named_with_its_place(
    metrics: list[Any], guardrails: list[Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        bound(metrics, guardrails)


class Says:
    def __init__(self, *findings: Any) -> None:
        self.findings = findings

    def detect(self, texts: Sequence[str]) -> Any:
        return iter(self.findings)


def test_findings_come_back_as_lists() -> None:
    finding = Finding("A", 0.5, 0, 3)
    edge = Finding("B", 0.0, 3, 3)
    assert detect_all(Says((finding, edge), ()), ["abc", ""], {"A", "B"}, "toys/says") == [[finding, edge], []]


def test_a_finding_is_made_of_plain_numbers() -> None:
    found = Finding("A", np.float32(1.0000001), np.int64(0), np.int64(3))  # type: ignore[arg-type]
    ((finding,),) = detect_all(Says([found]), ["abc"], {"A"}, "toys/says")
    assert finding == Finding("A", 1.0, 0, 3)
    assert [type(value) for value in (finding.score, finding.start, finding.end)] == [float, int, int]


def test_kinds_of_a_model_that_the_project_chooses_are_any() -> None:
    finding = Finding("whatever", 1.0, 0, 3)
    assert detect_all(Says([finding]), ["abc"], {"A", "*"}, "toys/says") == [[finding]]


@pytest.mark.parametrize(
    "findings",
    [
        [],
        [[]],
        [[], [], []],
        [[Finding("A", 1.0, 0, 4)], []],
        [[Finding("A", 1.0, -1, 2)], []],
        [[Finding("A", 1.0, 2, 1)], []],
        [[], [Finding("A", 1.0, 0, 1)]],
        [[Finding("A", float("nan"), 0, 1)], []],
    ],
    ids=str,
)
def test_findings_that_do_not_fit_the_texts_are_refused(findings: list[list[Finding]]) -> None:
    with pytest.raises(DetectorError, match=r"findings for 2 texts|is not within a text|not one from 0 to 1"):
        detect_all(Says(*findings), ["abc", ""], {"A"}, "toys/says")
