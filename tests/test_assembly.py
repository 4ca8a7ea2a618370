from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from qlora_gov.assembly import Assembly, assemble
from qlora_gov.config import Project
from qlora_gov.errors import MissingExtraError, PluginError, ProjectError
from qlora_gov.hooks.catalog import Catalog, Entry
from qlora_gov.hooks.discovery import Plugin
from qlora_gov.settings import Settings
from qlora_gov.specs import FilterSpec, GateSpec, GuardrailSpec, MeanMetric, MetricSpec, SourceSpec, Spec, TrainerSpec
from qlora_gov.stages.redaction import GuardrailFilter


class Limit(Settings):
    limit: float = 0.5


class LimitOfMetric(Limit):
    metric: str = "not this one"


class Part:
    """Any component; made only when it is used."""

    made = 0

    def __init__(self, settings: Any = None) -> None:
        Part.made += 1
        self.settings = settings


METRIC = MetricSpec(
    name="length", summary="s", factory=Part, config=Limit, components=MeanMetric.components, higher_is_better=True,
    margin="absolute",
)  # fmt: skip
SPECS: list[Spec] = [
    SourceSpec(name="rows", summary="s", factory=Part, config=Limit),
    FilterSpec(name="short", summary="s", factory=Part, config=Limit),
    TrainerSpec(name="trainer", summary="s", factory=Part, config=Limit),
    METRIC,
    replace(METRIC, name="other"),
    GuardrailSpec(name="pii", summary="s", factory=Part, config=Limit, covers=("a",), misses=("b",)),
    GateSpec(name="at_most", summary="s", factory=Part, config=Limit),
    GateSpec(name="at_least", summary="s", factory=Part, config=LimitOfMetric),
]
OURS = Plugin("ours", "our-dist", "1", "sha256:0", ModuleType("ours"))
CATALOG = Catalog(Entry(OURS, spec) for spec in SPECS)

Edit = Callable[[dict[str, Any]], object]


def unchanged(project: dict[str, Any]) -> None:
    """The project as it is."""


def assembled(edit: Edit = unchanged, catalog: Catalog = CATALOG) -> Assembly:
    project: dict[str, Any] = {
        "about": {"title": "t", "intended_use": "u", "licence": "l"},
        "data": {
            "training": {
                "sources": [{"use": "rows", "licence": "MIT"}],
                "steps": [{"use": "short", "limit": 1}, {"use": "pii", "action": "drop"}],
            },
            "evaluation": {"sources": [{"use": "rows"}]},
        },
        "training": "trainer",
        "evaluation": {"metrics": ["length", "other"], "guardrails": ["pii"]},
        "policy": {
            "rules": [{"use": "at_most", "metric": "pii_rate", "limit": 0.1}, {"use": "at_least", "metric": "length"}]
        },
    }
    edit(project)
    return assemble(Project.model_validate(project), catalog, Path())


def test_everything_is_bound_and_nothing_is_made() -> None:
    before = Part.made
    assembly = assembled()
    assert Part.made == before
    assert assembly.trainer.component.name == "ours/trainer"
    assert [source.licence for source in assembly.training_data.used_sources()] == ["MIT"]
    drop = assembly.training_data.used_steps()[1]
    assert isinstance(drop.filter, GuardrailFilter)
    assert (drop.filter.name, drop.filter.action, drop.action) == ("ours/pii", "drop", "drop")
    assert assembly.training_data.used_steps()[0].action == "filter"
    (detector,) = assembly.detectors()
    assert (detector.component.name, detector.rate.component.name) == ("ours/pii", "ours/pii_rate")
    assert (detector.covers, detector.misses) == (("a",), ("b",))


def test_a_policy_records_which_metric_each_rule_judges() -> None:
    assembly = assembled()
    assert [rule.settings for rule in assembly.policy.rules] == [
        {"limit": 0.1, "metric": "pii_rate"},
        {"limit": 0.5, "metric": "length"},  # though the gate has a setting of that name
    ]
    used = assembled().used_rules()
    assert [(rule.component, rule.metric) for rule in used] == [
        (component, component.settings["metric"]) for component in assembly.policy.rules
    ]


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d["data"]["training"]["sources"][0].update(licence="Apache-2.0"),
        lambda d: d["data"]["training"]["sources"][0].update(limit=2),
        lambda d: d["data"]["training"]["steps"][0].update(limit=2),
        lambda d: d["data"]["training"]["steps"][1].update(action="redact"),
        lambda d: d["data"]["training"]["steps"].reverse(),
        lambda d: d["data"]["training"]["steps"].pop(),
    ],
)
def test_what_determines_the_rows_is_in_the_key_of_the_data(edit: Edit) -> None:
    assert assembled(edit).training_data.key != assembled().training_data.key
    assert assembled(edit).evaluation_data.key == assembled().evaluation_data.key


def test_a_default_that_is_written_out_changes_no_key() -> None:
    same = assembled(lambda d: d["data"]["training"]["steps"][1].update(limit=0.5))
    assert same.training_data.key == assembled().training_data.key


@pytest.mark.parametrize(
    ("edit", "error", "said"),
    [
        (
            lambda d: d.update(training="train"),
            PluginError,
            "training: no trainer is named 'train'; did you mean 'trainer'?",
        ),
        (lambda d: d.update(training={"use": "trainer", "limt": 1}), ProjectError, "training: unknown key 'limt'"),
        (
            lambda d: d["data"]["evaluation"]["sources"].append({"use": "row"}),
            PluginError,
            "data.evaluation.sources[1]: no source is named 'row'; did you mean 'rows'?",
        ),
        (
            lambda d: d["data"]["training"]["steps"].append("pii"),
            ProjectError,
            "data.training.steps[2]: pii is a guardrail; say what it does with 'action: drop' or 'redact'",
        ),
        (
            lambda d: d["data"]["training"]["steps"][0].update(action="drop"),
            PluginError,
            "data.training.steps[0]: no guardrail is named 'short'; known: pii",
        ),
        (
            lambda d: d["policy"]["rules"][1].update(use="atleast"),
            PluginError,
            "policy.rules[1]: no gate is named 'atleast'",
        ),
        (
            lambda d: d["policy"]["rules"][0].update(metric="lenght"),
            ProjectError,
            "policy.rules[0].metric: nothing that is measured is named 'lenght'; did you mean 'length'?",
        ),
        (
            lambda d: d["policy"]["rules"][0].update(metric="pii"),
            ProjectError,
            "policy.rules[0].metric: nothing that is measured is named 'pii'; known: length, other, pii_rate",
        ),
        (
            lambda d: d["evaluation"]["metrics"].append({"use": "length", "limit": 2}),
            ProjectError,
            "policy.rules[1].metric: 'length' may be ours/length or ours/length; write the full name of one that is",
        ),
    ],
)
def test_a_mistake_in_the_project_is_found_before_any_work(edit: Edit, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        assembled(edit)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("metric", ["ours/length", "ours/pii_rate"])
def test_a_rule_may_name_its_metric_in_full(metric: str) -> None:
    assert assembled(lambda d: d["policy"]["rules"][0].update(metric=metric)).used_rules()[0].metric == metric


@pytest.mark.parametrize("at", range(len(SPECS)), ids=[spec.name for spec in SPECS])
def test_a_missing_library_of_anything_used_is_an_error_before_any_work(at: int) -> None:
    assembled().require()
    specs = [replace(spec, requires=("no_such_library",)) if n == at else spec for n, spec in enumerate(SPECS)]
    assembly = assembled(catalog=Catalog(Entry(OURS, spec) for spec in specs))
    with pytest.raises(MissingExtraError, match=f"ours/{SPECS[at].name} needs no_such_library"):
        assembly.require()
    if isinstance(SPECS[at], GateSpec):  # a decision on stored rows requires nothing else
        with pytest.raises(MissingExtraError):
            assembly.used_rules()
    else:
        assembly.used_rules()


def test_a_missing_library_of_what_is_not_used_is_none() -> None:
    spare = replace(METRIC, name="spare", requires=("no_such_library",))
    assembled(catalog=Catalog(Entry(OURS, spec) for spec in (*SPECS, spare))).require()
