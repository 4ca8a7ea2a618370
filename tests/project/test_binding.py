from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from qlora_gov.errors import MissingExtraError, PluginError, ProjectError
from qlora_gov.guardrails.filter import GuardrailFilter
from qlora_gov.plugin.catalog import Catalog, Entry
from qlora_gov.plugin.discovery import Plugin
from qlora_gov.plugin.settings import Settings
from qlora_gov.plugin.specs import (
    Coverage,
    FilterSpec,
    GateSpec,
    GuardrailSpec,
    MeanMetric,
    MetricSpec,
    SourceSpec,
    Spec,
    TrainerSpec,
)
from qlora_gov.project.binding import BoundProject, bind_project
from qlora_gov.project.schema import Project
from qlora_gov.records import DetectorFigure


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

    def used(self, *given: Any) -> Any:
        raise AssertionError("binding uses nothing")

    read = apply = train = score = aggregate = detect = decide = used


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
    GateSpec(name="non_inferior", summary="s", factory=Part, config=Limit),
]
DIFFERS = GateSpec(name="differs", summary="s", factory=Part, config=Limit, judges="answers")
OURS = Plugin("ours", "our-dist", "1", "sha256:0", ModuleType("ours"))
CATALOG = Catalog(Entry(OURS, spec) for spec in (*SPECS, DIFFERS))

Edit = Callable[[dict[str, Any]], object]


def unchanged(project: dict[str, Any]) -> None:
    """The project as it is."""


def assembled(edit: Edit = unchanged, catalog: Catalog = CATALOG) -> BoundProject:
    project: dict[str, Any] = {
        "about": {"title": "t", "intended_use": "u", "licence": "l"},
        "data": {
            "training": {
                "sources": [{"use": "rows", "licence": "MIT", "provenance": "human", "consent": "tests"}],
                "steps": [{"use": "short", "limit": 1}, {"use": "pii", "action": "drop"}],
            },
            "evaluation": {"sources": [{"use": "rows", "licence": "MIT", "provenance": "human", "consent": "tests"}]},
        },
        "training": "trainer",
        "evaluation": {"metrics": ["length", "other"], "guardrails": ["pii"]},
        "policy": {
            "rules": [{"use": "at_most", "metric": "pii_rate", "limit": 0.1}, {"use": "at_least", "metric": "length"}],
            "regression": {"use": "non_inferior", "limit": 0.05},
        },
    }
    edit(project)
    return bind_project(Project.model_validate(project), catalog, Path())


def test_everything_is_bound_and_nothing_is_made() -> None:
    before = Part.made
    bound = assembled()
    assert Part.made == before
    setup = bound.trains()
    assert setup.trainer.component.name == "ours/trainer"
    assert [source.licence for source in setup.training_data.used_sources()] == ["MIT"]
    drop = setup.training_data.used_steps()[1]
    assert isinstance(drop.step, GuardrailFilter)
    assert (drop.step.name, drop.step.action, drop.action) == ("ours/pii", "drop", "drop")
    assert setup.training_data.used_steps()[0].action == "filter"
    (detector,) = bound.detectors()
    assert (detector.component.name, detector.rate.component.name) == ("ours/pii", "ours/pii_rate")
    assert (detector.covers, detector.misses) == (("a",), ("b",))


def redacting(schema: int) -> Edit:
    def edit(project: dict[str, Any]) -> None:
        project["schema"] = schema
        project["data"]["training"]["steps"][1]["action"] = "redact"

    return edit


def test_a_redaction_numbers_its_placeholders_from_schema_2_on() -> None:
    for schema, action in ((1, "redact"), (2, "redact numbered")):
        data = assembled(redacting(schema)).trains().training_data
        redact = data.used_steps()[1]
        assert isinstance(redact.step, GuardrailFilter)
        assert (redact.step.action, redact.action) == (action, action)
        assert data.key[1][1][1] == action


def test_a_guardrail_says_of_its_settings_what_it_covers_and_what_was_measured() -> None:
    figure = DetectorFigure(what="names", wanted=True, flagged=0, of=9, texts="T")
    stated = {0.5: Coverage(("a",), ("b",), (figure,)), 0.1: Coverage(("b",), ("a",))}
    pii = GuardrailSpec(
        name="pii", summary="s", factory=Part, config=Limit, covers=("a", "b"), misses=(),
        stated=lambda settings: stated[settings.limit], from_schema={2: {"limit": 0.1}},
    )  # fmt: skip
    catalog = Catalog(Entry(OURS, pii if isinstance(spec, GuardrailSpec) else spec) for spec in SPECS)
    [detector] = assembled(catalog=catalog).detectors()
    assert (detector.covers, detector.misses, detector.measured) == (("a",), ("b",), (figure,))
    assert assembled(catalog=catalog).trains().training_data.used_steps()[1].measured == (figure,)
    [detector] = assembled(lambda d: d.update(schema=2), catalog).detectors()
    assert (detector.covers, detector.misses, detector.measured) == (("b",), ("a",), ())


def test_a_guardrail_without_an_action_becomes_no_filter() -> None:
    data = assembled().trains().training_data
    step, guardrail = data.steps[1]
    for action in (None, "", "hide"):
        other = replace(data, steps=((step.model_copy(update={"action": action}), guardrail),))
        with pytest.raises(ProjectError, match=r"^ours/pii: no action is "):
            other.used_steps()


def test_a_rule_on_the_answers_names_no_metric_and_is_no_regression() -> None:
    bound = assembled(lambda d: d["policy"]["rules"].append({"use": "differs", "limit": 2}))
    *_, rule = bound.release.policy.rules
    assert (rule.name, rule.metric, rule.judges, rule.measured) == ("differs", "answers", "answers", None)
    assert [one.judges for one in bound.release.policy.rules[:-1]] == ["metric", "metric"]
    assert [one.metric for one in bound.regression.policy.rules] == ["pii_rate", "length"]


def test_what_becomes_of_unread_rows_is_among_the_policys_terms() -> None:
    first, second = assembled(), assembled(lambda d: d.update(schema=2))
    for one, other in ((first.release, second.release), (first.regression, second.regression)):
        assert (one.policy.unread, other.policy.unread) == ("scored", "left_out")
        assert one.policy.terms != other.policy.terms
    assert "unread" not in first.release.policy.content()


def test_a_policy_records_which_metric_each_rule_judges() -> None:
    release = assembled().release
    assert [(rule.name, rule.metric, rule.gate.settings) for rule in release.policy.rules] == [
        ("at_most pii_rate", "pii_rate", {"limit": 0.1}),
        ("at_least length", "length", {"limit": 0.5, "metric": "not this one"}),  # the gate has a setting of that name
    ]
    assert list(release.make()) == ["at_most pii_rate", "at_least length"]


def test_a_regression_is_looked_for_in_every_metric_that_releases_are_judged_by() -> None:
    twice = {"use": "at_least", "metric": "length", "name": "again"}
    regression = assembled(lambda d: d["policy"]["rules"].append(twice)).regression
    assert [(rule.name, rule.metric, rule.gate.settings) for rule in regression.policy.rules] == [
        ("non_inferior pii_rate", "pii_rate", {"limit": 0.05}),
        ("non_inferior length", "length", {"limit": 0.05}),
    ]


def test_two_uses_of_one_metric_have_names_of_their_own() -> None:
    def twice(project: dict[str, Any]) -> None:
        project["evaluation"]["metrics"].append({"use": "length", "limit": 2, "as": "long"})
        project["evaluation"]["guardrails"].append({"use": "pii", "limit": 2, "as": "strict"})
        project["policy"]["rules"] += [{"use": "at_most", "metric": name} for name in ("long", "strict")]

    bound = assembled(twice)
    assert bound.measures.names == ["length", "other", "long", "pii_rate", "strict"]
    assert [rule.metric for rule in bound.release.policy.rules] == ["pii_rate", "length", "long", "strict"]
    assert [detector.rate.traits.name for detector in bound.detectors()] == ["pii_rate", "strict"]


def test_a_policy_says_what_it_requires_and_tolerates() -> None:
    settings = {"required": ["no leaks"], "inconclusive": "tolerated", "further_looks": "count", "reference": "base"}

    def named(project: dict[str, Any]) -> None:
        project["policy"] |= settings
        project["policy"]["rules"][0] |= {"name": "no leaks", "against": "reference"}

    policy = assembled(named).release.policy
    assert (policy.required, policy.inconclusive) == (("no leaks",), "tolerated")
    assert (policy.further_looks, policy.reference) == ("count", "base")
    assert policy.rules[0].against == "reference"


def test_a_project_may_train_nothing() -> None:
    def imports(project: dict[str, Any]) -> None:
        del project["data"], project["training"]

    bound = assembled(imports)
    bound.require()
    with pytest.raises(ProjectError, match="no sections 'data' and 'training'"):
        bound.trains()


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
    assert assembled(edit).trains().training_data.key != assembled().trains().training_data.key
    assert assembled(edit).trains().evaluation_data.key == assembled().trains().evaluation_data.key


def test_a_default_that_is_written_out_changes_no_key() -> None:
    same = assembled(lambda d: d["data"]["training"]["steps"][1].update(limit=0.5))
    assert same.trains().training_data.key == assembled().trains().training_data.key


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
            "data.training.steps[2]: pii is a guardrail; say what it does with 'action: drop' or 'action: redact'",
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
            lambda d: d["policy"]["rules"][0].pop("metric"),
            ProjectError,
            "policy.rules[0]: its metric is missing; at_most judges one of length, other, pii_rate",
        ),
        (
            lambda d: d["policy"]["rules"].append({"use": "differs", "metric": "length"}),
            ProjectError,
            "policy.rules[2].metric: differs judges the answers themselves; leave the key out",
        ),
        (
            lambda d: d["policy"].update(regression="differs"),
            ProjectError,
            "policy.regression: differs judges answers; name a gate that judges metrics",
        ),
        (
            lambda d: d["policy"]["rules"][0].update(metric="lenght"),
            ProjectError,
            "policy.rules[0].metric: nothing that is measured is named 'lenght'; did you mean 'length'?",
        ),
        (
            lambda d: d["policy"]["rules"][0].update(metric="pii"),
            ProjectError,
            "policy.rules[0].metric: nothing that is measured is named 'pii'; did you mean 'pii_rate'?",
        ),
        (
            lambda d: d["evaluation"]["metrics"].append({"use": "length", "limit": 2}),
            ProjectError,
            "evaluation: two measurements are named 'length'; name one of them with 'as: ...'",
        ),
        (
            lambda d: (
                d["evaluation"]["metrics"].append({"use": "length", "limit": 2, "as": "long"}),
                d["policy"]["rules"][0].update(metric="ours/length"),
            ),
            ProjectError,
            "policy.rules[0].metric: 'ours/length' may be length or long; write one of these",
        ),
        (
            lambda d: d["policy"]["rules"].append(d["policy"]["rules"][0]),
            ProjectError,
            "policy: two rules are named 'at_most pii_rate'; give one another name with 'name:'",
        ),
        (
            lambda d: d["policy"].update(required=["no leaks"]),
            ProjectError,
            "policy: required rule 'no leaks' is not among the rules (at_most pii_rate, at_least length)",
        ),
        (
            lambda d: d["policy"]["rules"][0].update(against="reference"),
            ProjectError,
            "policy: a rule is against the reference, but none is named",
        ),
        (
            lambda d: d["policy"].update(reference="base"),
            ProjectError,
            "policy: no rule is against the reference",
        ),
    ],
)
def test_a_mistake_in_the_project_is_found_before_any_work(edit: Edit, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        assembled(edit)
    assert str(caught.value).startswith(said)


def test_every_mistake_is_told_at_once() -> None:
    def mistaken(project: dict[str, Any]) -> None:
        project["training"] = {"use": "trainer", "limt": 1, "limit": "high"}
        project["data"]["evaluation"]["sources"].append({"use": "row"})
        project["data"]["training"]["steps"].append("pii")
        project["evaluation"]["metrics"].append("lenght")
        project["policy"]["rules"][0].update(use="atmost")
        project["policy"]["rules"][1].update(metric="lenght")  # told when it is known what is measured

    with pytest.raises(ProjectError) as caught:
        assembled(mistaken)
    assert caught.value.lines == (
        "data.training.steps[2]: pii is a guardrail; say what it does with 'action: drop' or 'action: redact'",
        "data.evaluation.sources[1]: no source is named 'row'; did you mean 'rows'?",
        "training: unknown key 'limt'; did you mean 'limit'?",
        "training: limit: input should be a valid number, unable to parse string as a number",
        "evaluation.metrics[2]: no metric is named 'lenght'; did you mean 'length'?",
        "policy.rules[0]: no gate is named 'atmost'; did you mean 'at_most'?",
    )


def test_every_rule_of_an_unknown_metric_is_told() -> None:
    def mistaken(project: dict[str, Any]) -> None:
        for rule in project["policy"]["rules"]:
            rule.update(metric="lenght")

    with pytest.raises(ProjectError) as caught:
        assembled(mistaken)
    assert [line.split(":")[0] for line in caught.value.lines] == ["policy.rules[0].metric", "policy.rules[1].metric"]


@pytest.mark.parametrize("metric", ["ours/length", "ours/pii_rate"])
def test_a_rule_may_name_its_metric_in_full(metric: str) -> None:
    policy = assembled(lambda d: d["policy"]["rules"][0].update(metric=metric)).release.policy
    assert policy.rules[0].metric == metric.removeprefix("ours/")


@pytest.mark.parametrize("at", range(len(SPECS)), ids=[spec.name for spec in SPECS])
def test_a_missing_library_of_anything_used_is_an_error_before_any_work(at: int) -> None:
    assembled().require()
    specs = [replace(spec, requires=("no_such_library",)) if n == at else spec for n, spec in enumerate(SPECS)]
    bound = assembled(catalog=Catalog(Entry(OURS, spec) for spec in specs))
    with pytest.raises(MissingExtraError, match=f"ours/{SPECS[at].name} needs no_such_library"):
        bound.require()
    if SPECS[at].name in ("at_most", "at_least"):  # a decision on stored rows requires nothing else
        with pytest.raises(MissingExtraError):
            bound.release.make()
    else:
        bound.release.make()


def test_a_missing_library_of_what_is_not_used_is_none() -> None:
    spare = replace(METRIC, name="spare", requires=("no_such_library",))
    assembled(catalog=Catalog(Entry(OURS, spec) for spec in (*SPECS, spare))).require()
