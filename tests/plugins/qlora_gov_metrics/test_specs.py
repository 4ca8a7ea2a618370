"""What the plugin contributes: sound specs, and aggregates that need no library and work on any stack of sums."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import qlora_gov_metrics
from qlora_gov_metrics.bleu import Bleu, BleuSettings
from qlora_gov_metrics.perplexity import Perplexity
from qlora_gov_metrics.rouge import RougeL, RougeLSettings

METRICS = [RougeL(RougeLSettings()), Bleu(BleuSettings()), Perplexity("tokens"), Perplexity("bytes")]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: type(metric).__name__)
@settings(deadline=None)
@given(data=st.data())
def test_a_stack_of_sums_aggregates_to_the_stack_of_values(metric, data):
    k = 10 if isinstance(metric, Bleu) else 2
    shape = (*data.draw(array_shapes(min_dims=1, max_dims=3, max_side=4)), k)
    sums = data.draw(arrays(np.float64, shape, elements=st.integers(0, 50).map(float)))
    values = metric.aggregate(sums)
    assert values.shape == shape[:-1]
    for at in np.ndindex(*shape[:-1]):
        np.testing.assert_array_equal(values[at], metric.aggregate(sums[at]))


def test_the_specs_say_what_a_gate_must_know():
    specs = {spec.name: spec for spec in qlora_gov_metrics.qlora_gov_metrics()}
    assert {name: (spec.higher_is_better, spec.margin, len(spec.components)) for name, spec in specs.items()} == {
        "rouge_l": (True, "absolute", 2),
        "bleu": (True, "relative", 10),
        "perplexity": (False, "relative", 2),
        "perplexity_per_byte": (False, "relative", 2),
        "policy_compliance": (True, "absolute", 2),
        "hf_evaluate": (True, "absolute", 2),
        "hf_evaluate_loss": (False, "absolute", 2),
        "recorded_rate": (True, "absolute", 2),
        "recorded_mean": (True, "absolute", 2),
        "recorded_loss": (False, "relative", 2),
    }
    assert [name for name, spec in specs.items() if spec.binary] == ["policy_compliance", "recorded_rate"]
    likelihood = {name for name, spec in specs.items() if spec.needs == {"loglikelihood"}}
    assert likelihood == {"perplexity", "perplexity_per_byte"}


def test_values_rederive_without_the_extra():
    code = """
import sys
import numpy as np
import qlora_gov_metrics as plugin
for spec in (plugin.ROUGE_L, plugin.BLEU, plugin.PERPLEXITY, plugin.PERPLEXITY_PER_BYTE):
    metric = spec.factory(spec.config()) if spec.config else spec.factory()
    assert metric.aggregate(np.ones((3, len(spec.components)))).shape == (3,)
heavy = {"rouge_score", "nltk", "sacrebleu", "evaluate", "datasets", "torch", "pandas"} & sys.modules.keys()
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)
