from __future__ import annotations

from typing import Any

import pytest

from qlora_gov_trainers.dpo.settings import DpoSettings


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"rank": 64, "alpha": 32, "learning_rate": 5e-6, "epochs": 1, "beta": 0.1, "accumulation": 16}),
        ({"preset": "classification"}, {"rank": 32, "alpha": 64}),
        ({"preset": "demo", "epochs": 2}, {"rank": 16, "alpha": 32, "accumulation": 1, "epochs": 2}),
        ({"rank": 8}, {"rank": 8, "alpha": 16}),
    ],
)
def test_the_playbook_fills_what_is_not_set(given: dict[str, Any], expected: dict[str, Any]) -> None:
    settings = DpoSettings.model_validate(given).model_dump()
    assert {name: settings[name] for name in expected} == expected


@pytest.mark.parametrize(
    "given", [{"beta": 0}, {"dropout": 0.1}, {"preset": "chat"}, {"memory_budget": "22GB"}, {"lora_plus_ratio": 16}]
)
def test_what_it_does_not_have_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        DpoSettings.model_validate(given)


def test_what_is_not_as_the_playbook_has_it_is_told() -> None:
    settings = DpoSettings.model_validate({})
    assert settings.deviations(settings.targets, dropout=0.0) == (
        "alpha/rank = 0.5",
        "dropout 0 (playbook: 0.05)",
        "learning_rate 5e-06 (playbook: 0.0002)",
        "epochs 1 (playbook: 3)",
    )
