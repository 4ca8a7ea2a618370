from __future__ import annotations

import inspect
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import BaseModel

from qlora_gov.errors import PluginError
from qlora_gov.plugin import hookspecs
from qlora_gov.plugin.discovery import Plugin
from qlora_gov.plugin.settings import Settings
from qlora_gov.plugin.specs import SPECS, FilterSpec, GuardrailSpec, MeanMetric, MetricSpec, Spec
from qlora_gov.plugin.validation import HOOKS, check_spec

PLUGIN = Plugin("mine", "my-dist", "1", "sha256:0", ModuleType("mine"))


class Loose(BaseModel):
    threshold: float = 0.5


class Strict(Settings):
    threshold: float = 0.5


METRIC = MetricSpec(
    name="length",
    summary="characters",
    factory=MeanMetric,
    components=MeanMetric.components,
    higher_is_better=True,
    margin="relative",
)


def test_each_kind_of_spec_has_a_documented_hook() -> None:
    assert dict.fromkeys(HOOKS) == dict.fromkeys(f"qlora_gov_{kind}s" for kind in SPECS)
    for kind, spec in SPECS.items():
        hook = getattr(hookspecs, f"qlora_gov_{kind}s")
        assert get_args(get_type_hints(hook)["return"]) == (spec,)
        assert inspect.getdoc(hook)
        assert not inspect.signature(hook).parameters


@pytest.mark.parametrize(
    "spec",
    [
        METRIC,
        replace(METRIC, name="a-b_2", config=Strict, requires=("numpy",), extra="metrics"),
        replace(METRIC, needs=frozenset({"response", "loglikelihood"}), binary=True, margin="absolute"),
        replace(METRIC, factory=partial(MeanMetric)),
        FilterSpec(name="f", summary="s", factory=list),
        GuardrailSpec(name="g", summary="s", factory=list, covers=("e-mail",), misses=()),
    ],
    ids=lambda spec: spec.name,
)
def test_a_usable_spec_stays_as_it_is(spec: Spec) -> None:
    assert check_spec(PLUGIN, "hook", type(spec), spec) == spec


def test_collections_are_frozen() -> None:
    loose: Any = replace(METRIC, needs={"loglikelihood"}, components=["sum", "rows"], requires=["numpy"])
    checked: Any = check_spec(PLUGIN, "hook", MetricSpec, loose)
    assert checked == replace(METRIC, needs=frozenset({"loglikelihood"}), requires=("numpy",))
    assert isinstance(checked.needs, frozenset)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Length"}, "the name 'Length' must be lower case letters, digits, '_' or '-'"),
        ({"name": "a/b"}, "the name 'a/b' must be"),
        ({"name": ""}, "the name '' must be"),
        ({"name": None}, "the name None must be"),
        ({"summary": None}, "length: summary: input should be a valid string"),
        ({"factory": "MeanMetric"}, "length: factory: input should be callable"),
        ({"config": Strict()}, "length: config: input should be a subclass of BaseModel"),
        ({"config": Loose}, "length: config ignores unknown keys; derive Loose from Settings"),
        ({"requires": "numpy"}, "length: requires: should be a list"),
        ({"extra": 3}, "length: extra: input should be a valid string"),
        ({"components": "sum"}, "length: components: should be a list"),
        ({"components": ()}, "length: components must name each sufficient statistic once"),
        ({"components": ("sum", "sum")}, "length: components must name each sufficient statistic once"),
        ({"components": ("sum",), "binary": True}, "length: a binary metric has two components, hits and rows"),
        ({"higher_is_better": None}, "length: higher_is_better: input should be a valid boolean"),
        ({"margin": "percent"}, "length: margin: input should be 'absolute' or 'relative'"),
        ({"needs": frozenset({"logits"})}, "length: needs[0]: input should be 'response' or 'loglikelihood'"),
        ({"needs": None}, "length: needs: "),
    ],
    ids=str,
)
def test_a_spec_that_could_not_be_used_is_refused_when_it_is_loaded(change: dict[str, Any], said: str) -> None:
    with pytest.raises(PluginError) as caught:
        check_spec(PLUGIN, "qlora_gov_metrics", MetricSpec, replace(METRIC, **change))
    assert str(caught.value).startswith(f"plugin 'mine': qlora_gov_metrics: {said}")


@pytest.mark.parametrize(
    ("spec", "returned"),
    [(None, "NoneType"), (MetricSpec, "type"), ({"name": "length"}, "dict"), (METRIC, "MetricSpec")],
)
def test_only_specs_of_the_hook_s_own_kind_are_taken(spec: Any, returned: str) -> None:
    with pytest.raises(PluginError, match=f"returned a {returned}; each item must be a FilterSpec"):
        check_spec(PLUGIN, "qlora_gov_filters", FilterSpec, spec)
