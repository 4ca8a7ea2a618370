from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qlora_gov.errors import PluginError
from qlora_gov.plugin.host import load_catalog
from tests.plugin.conftest import METRIC, PLUGIN


def test_a_plugin_of_a_directory_stands_beside_the_first_party_ones(write: Callable[..., Path]) -> None:
    catalog = load_catalog([write()])
    entry = catalog.find("metric", "length")
    assert (entry.name, entry.plugin.distribution, entry.plugin.version) == ("mine/length", "plugins/mine.py", "local")
    assert {entry.plugin.distribution for entry in catalog} == {"qlora-gov", "plugins/mine.py"}
    assert {entry.spec.kind for entry in catalog} == {
        "source",
        "filter",
        "synthesiser",
        "trainer",
        "metric",
        "guardrail",
        "gate",
        "importer",
    }


def test_the_order_of_loading_changes_nothing(write: Callable[..., Path]) -> None:
    one, other = write(name="one.py", directory="one"), write(name="other.py", directory="other")
    first, second = load_catalog([one, other]), load_catalog([other, one])
    assert [entry.name for entry in first] == [entry.name for entry in second]
    assert first.fingerprint == second.fingerprint != load_catalog([one]).fingerprint


def test_one_plugin_may_implement_a_hook_twice_and_contribute_nothing(write: Callable[..., Path]) -> None:
    source = METRIC + (
        "from dataclasses import replace\n"
        "@hookimpl\ndef qlora_gov_metrics():\n    return (SPEC,)\n"
        "@hookimpl(specname='qlora_gov_metrics')\ndef more():\n    return [replace(SPEC, name='more')]\n"
        "@hookimpl\ndef qlora_gov_gates():\n    return []\n"
    )
    mine = [entry.spec.name for entry in load_catalog([write(source)]) if entry.plugin.name == "mine"]
    assert mine == ["length", "more"]


BODY = "():\n    return [SPEC]\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("@hookimpl\ndef qlora_gov_metrics():\n    pass\n", "qlora_gov_metrics returned None; return a list of specs"),
        (
            f"@hookimpl\ndef qlora_gov_metrics{BODY}@hookimpl(specname='qlora_gov_metrics')\ndef more():\n    pass\n",
            "qlora_gov_metrics returned None; return a list of specs",
        ),
        (
            "@hookimpl\ndef qlora_gov_metrics():\n    return SPEC\n",
            "qlora_gov_metrics returned a MetricSpec, not a list",
        ),
        ("@hookimpl\ndef qlora_gov_metrics():\n    yield SPEC\n", "qlora_gov_metrics returned a generator, not a list"),
        (
            "@hookimpl\ndef qlora_gov_metrics():\n    return [Length]\n",
            "returned a ABCMeta; each item must be a MetricSpec",
        ),
        (f"@hookimpl\ndef qlora_gov_gates{BODY}", "returned a MetricSpec; each item must be a GateSpec"),
        (
            "@hookimpl\ndef qlora_gov_metrics():\n    1 / 0\n",
            "qlora_gov_metrics raised ZeroDivisionError: division by zero",
        ),
        (
            f"@hookimpl\ndef qlora_gov_metric{BODY}",
            "no hook is named 'qlora_gov_metric'; did you mean 'qlora_gov_metrics'?",
        ),
        (f"@hookimpl(optionalhook=True)\ndef qlora_gov_metric{BODY}", "no hook is named 'qlora_gov_metric'"),
        (f"@hookimpl(specname='metrics')\ndef qlora_gov_metrics{BODY}", "no hook is named 'metrics'"),
        (f"def qlora_gov_metrics{BODY}", "qlora_gov_metrics is not marked with @hookimpl"),
        (
            f"@hookimpl\ndef qlora_gov_gates():\n    return []\ndef qlora_gov_metrics{BODY}",
            "qlora_gov_metrics is not marked with @hookimpl",
        ),
        ("@hookimpl(wrapper=True)\ndef qlora_gov_gates():\n    return (yield)\n", "qlora_gov_gates is a hook wrapper"),
        ("@hookimpl(hookwrapper=True)\ndef qlora_gov_gates():\n    yield\n", "qlora_gov_gates is a hook wrapper"),
        ("@hookimpl\ndef qlora_gov_metrics(config):\n    return [SPEC]\n", "qlora_gov_metrics has parameters"),
        ("@hookimpl\ndef qlora_gov_metrics(more=1):\n    return [SPEC]\n", "qlora_gov_metrics has parameters"),
        ("@hookimpl\ndef qlora_gov_metrics(*more):\n    return [SPEC]\n", "qlora_gov_metrics has parameters"),
        ("", "of plugins/mine.py implements no hook; mark one with @hookimpl"),
        ("@hookimpl\nclass Metrics:\n    pass\n", "of plugins/mine.py implements no hook"),
        ("@hookimpl\ndef qlora_gov_metrics():\n    return [SPEC, SPEC]\n", "contributes two metrics named 'length'"),
    ],
)
def test_what_pluggy_would_pass_over_is_an_error_that_names_the_plugin(
    write: Callable[..., Path], source: str, said: str
) -> None:
    with pytest.raises(PluginError) as caught:
        load_catalog([write(METRIC + source)])
    assert str(caught.value).startswith("plugin 'mine'")
    assert said in str(caught.value)


def test_one_module_cannot_be_two_plugins(install: Callable[..., None]) -> None:
    install("their-dist", {"theirs": "their_plugin", "again": "their_plugin"}, {"their_plugin.py": PLUGIN})
    with pytest.raises(PluginError, match=r"plugin 'theirs' of their-dist: Plugin .*already registered"):
        load_catalog()
