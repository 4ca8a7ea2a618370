"""Modules of Hugging Face evaluate, from a local metric that the test writes; no network."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from qlora_gov import PluginError
from qlora_gov_metrics.hf_evaluate import HfEvaluate, HfEvaluateSettings

MODULE = '''
import datasets
import evaluate


class Shares(evaluate.Metric):
    """Share of reference words that the prediction has."""

    def _info(self):
        texts = datasets.Value("string")
        features = datasets.Features({"predictions": texts, "references": texts})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def _compute(self, predictions, references, scale=1.0):
        words = references[0].split()
        share = sum(word in predictions[0].split() for word in words) / len(words) if words else float("nan")
        return {"share": scale * share, "each": [share], "all": [share, share], "noise": self.seed}
'''


@pytest.fixture
def metric(tmp_path, monkeypatch):
    """Makes the metric over a module that is written beside the project file."""
    import evaluate

    monkeypatch.setattr(evaluate.config, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", str(tmp_path / "metrics"))

    def make(source: str = MODULE, **settings: object) -> HfEvaluate:
        (tmp_path / "shares").mkdir(exist_ok=True)
        (tmp_path / "shares" / "shares.py").write_text(source, encoding="utf-8")
        values = {"script": "shares/shares.py", "result": "share", **settings}
        return HfEvaluate(HfEvaluateSettings.model_validate(values, context={"root": tmp_path}))

    return make


def test_is_the_mean_of_the_modules_result_over_rows(metric, make_row):
    rows = [make_row("a b", "a b c d"), make_row("", "a"), make_row("a", "a"), make_row("a", ""), make_row(None, "a")]
    scores = metric()
    stats, scored = scores.score(rows)
    assert scored.tolist() == [True, True, True, False, False]  # the module has no number for an empty reference
    assert scores.aggregate(stats[scored].sum(axis=0)) == pytest.approx((0.5 + 0 + 1) / 3)


def test_results_may_be_lists_of_one_and_arguments_reach_the_module(metric, make_row):
    row = make_row("a b", "a b c d")
    assert metric(result="each").score_row(row) == 0.5
    assert metric(arguments={"scale": 100}).score_row(row) == 50


def test_the_module_never_sees_the_global_random_state(metric, make_row):
    np.random.seed(7)
    assert metric(result="noise").score_row(make_row("a", "a")) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"result": "shares"}, "no result is named 'shares'; known: all, each, noise, share"),
        ({"result": "all"}, "result 'all' is not a number"),
        ({"arguments": {"scales": 1}}, "rows.jsonl:1: TypeError"),
        ({"source": "import nothing_of_this_name"}, "cannot be loaded: To be able to use .* you need to install"),
    ],
)
def test_a_module_that_does_not_suit_is_one_line(metric, make_row, changes, message):
    with pytest.raises(PluginError, match=message) as caught:
        metric(**changes).score_row(make_row("a", "a"))
    assert "shares.py" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_hub_module_that_is_not_there_is_one_line(metric, make_row):
    with pytest.raises(PluginError, match="evaluate module nobody/nothing: cannot be loaded: Couldn't find"):
        metric(script=None, hub="nobody/nothing", revision="main").score_row(make_row("a", "a"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "set either script or hub"),
        ({"hub": "evaluate-metric/wer"}, "must be pinned"),
        ({"script": "absent.py"}, "no such file"),
    ],
)
def test_settings_name_one_recorded_place(tmp_path, values, message):
    with pytest.raises(ValidationError, match=message):
        HfEvaluateSettings.model_validate({"result": "x", **values}, context={"root": tmp_path})


def test_a_script_is_recorded_by_its_digest(metric, tmp_path):
    metric()
    context = {"root": tmp_path}
    values = {"script": "shares/shares.py", "result": "share"}
    dumped = HfEvaluateSettings.model_validate(values, context=context).model_dump(mode="json", context=context)
    assert dumped["script"]["path"] == "shares/shares.py"
    assert dumped["script"]["digest"].startswith("sha256:")
