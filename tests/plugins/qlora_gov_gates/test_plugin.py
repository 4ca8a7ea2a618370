import pytest
from pydantic import ValidationError

from qlora_gov.hooks.host import load_catalog
from qlora_gov_gates.settings import ImprovesSettings, LimitSettings, NonInferiorSettings


def test_the_rules_come_in_through_the_public_door():
    names = {entry.name for entry in load_catalog() if entry.spec.kind == "gate"}
    assert {"gates/non_inferior", "gates/improves", "gates/at_most", "gates/at_least"} <= names


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
        (ImprovesSettings, {"by": -1}),
        (LimitSettings, {}),
        (LimitSettings, {"limit": float("nan")}),
    ],
)
def test_settings_that_make_no_rule_are_refused(model, settings):
    with pytest.raises(ValidationError):
        model(**settings)
