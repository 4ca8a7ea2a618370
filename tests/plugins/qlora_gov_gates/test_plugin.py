import pytest
from pydantic import ValidationError

from qlora_gov.plugin.host import load_catalog
from qlora_gov_gates.settings import ImprovesSettings, LimitSettings, NonInferiorSettings, NoRegressedSliceSettings


def test_the_rules_come_in_through_the_public_door():
    names = {entry.name for entry in load_catalog() if entry.spec.kind == "gate"}
    rules = ("non_inferior", "no_regressed_slice", "improves", "at_most", "at_least")
    assert {f"gates/{rule}" for rule in rules} <= names


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        (NonInferiorSettings, {}),
        (NonInferiorSettings, {"margin": 0}),
        (NonInferiorSettings, {"margin": -0.05}),
        (NonInferiorSettings, {"margin": float("inf")}),
        (NonInferiorSettings, {"margin": 0.05, "kind": "percent"}),
        (NonInferiorSettings, {"margin": 0.05, "alpha": 0.6}),
        (NonInferiorSettings, {"margin": 0.05, "metric": "bleu"}),
        (NoRegressedSliceSettings, {"margin": 0.1}),
        (NoRegressedSliceSettings, {"margin": 0.1, "by": ""}),
        (NoRegressedSliceSettings, {"margin": 0.1, "by": "intent", "slices": []}),
        (NoRegressedSliceSettings, {"margin": 0.1, "by": "intent", "margins": {"card": 0}}),
        (NoRegressedSliceSettings, {"margin": 0.1, "by": "intent", "slices": ["card"], "margins": {"loan": 0.2}}),
        (ImprovesSettings, {"by": -1}),
        (LimitSettings, {}),
        (LimitSettings, {"limit": float("nan")}),
    ],
)
def test_settings_that_make_no_rule_are_refused(model, settings):
    with pytest.raises(ValidationError):
        model(**settings)
